"""``python -m watchglass.app``: the command line, where its script is not installed."""

from watchglass.app.cli import main

if __name__ == "__main__":
    main()
