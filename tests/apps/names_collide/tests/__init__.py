"""A folder of the app that has the name of one of the server's own."""

NAME = "tests of the app"
