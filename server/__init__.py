"""The gateway: who asks, may they, are they connected, where does it run, pass it on."""
