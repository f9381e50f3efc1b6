"""The vendors we know, one TOML file each; `integrations.schema` says what a file may hold."""
