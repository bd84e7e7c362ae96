"""``python -m mate.assets`` prints the folder of the packaged scenarios."""

from mate.scenario import ASSETS_DIR

if __name__ == "__main__":
    print(ASSETS_DIR)
