"""python -m slicer_host [--module NAME] [module files ...]: open the window and run until it is closed."""

import argparse
import sys

import slicer_host


def main():
    parser = argparse.ArgumentParser(prog="slicer_host", description=__doc__)
    parser.add_argument("--module", help="module to open (default: the last one given)")
    parser.add_argument("modules", nargs="*", help="scripted module files (.py)")
    options = parser.parse_args()
    try:
        host = slicer_host.start(options.modules, interactive=slicer_host.has_display())
    except slicer_host.MissingLibrariesError as error:
        sys.exit(str(error))
    names = [module.name for module in host.modules.scriptedModules()]
    if options.module or names:
        host.selectModule(options.module or names[-1])
    return host.app.exec()


if __name__ == "__main__":
    sys.exit(main())
