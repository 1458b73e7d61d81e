"""`python -m xrouter`."""

from xrouter.cli.main import run

if __name__ == "__main__":
    run()
