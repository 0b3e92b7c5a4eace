"""The app: a page on the loopback for people who use no terminal; every action is a verb of the command line."""
