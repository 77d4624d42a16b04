"""`python -m hybridattn` is the command `hybridattn`."""

from hybridattn.cli import main

if __name__ == "__main__":
    main()
