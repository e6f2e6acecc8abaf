"""`python -m config.cli`: the command `message-center`, for where it is not installed."""

from config.cli.cli import main

if __name__ == "__main__":
    main(prog_name="message-center")
