"""Repositories: fetching one folder of one commit with git, limited so that a repository cannot act on this machine."""
