"""The `ner` command.

Read `main` first: it lists the commands and imports their modules when they are called. Each other module defines one
command or group; `options` holds the options that they share.
"""
