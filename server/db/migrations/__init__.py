"""Schema migrations, shipped inside the package so that an installed server upgrades itself."""
