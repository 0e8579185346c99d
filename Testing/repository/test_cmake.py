"""The extension's CMake files: complete lists, and a configure run against a stand-in for Slicer's package."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import cmake_lists

ROOT = cmake_lists.ROOT

# Slicer's macros as far as the extension calls them; each records its call, as text, in one file.
SLICER_CONFIG = """
set(Slicer_USE_FILE "${CMAKE_CURRENT_LIST_DIR}/UseSlicer.cmake")
set(Slicer_EXTENSION_GENERATE_CONFIG "${CMAKE_CURRENT_LIST_DIR}/GenerateConfig.cmake")
set(Slicer_EXTENSION_CPACK "${CMAKE_CURRENT_LIST_DIR}/Cpack.cmake")
"""
USE_SLICER = """
set(BUILD_TESTING ON)
function(slicerMacroBuildScriptedModule)
  cmake_parse_arguments(PARSE_ARGV 0 MY "WITH_GENERIC_TESTS;WITH_SUBDIR;VERBOSE" "NAME" "SCRIPTS;RESOURCES")
  if(MY_UNPARSED_ARGUMENTS OR NOT MY_NAME)
    message(FATAL_ERROR "bad call: ${MY_UNPARSED_ARGUMENTS}")
  endif()
  foreach(file IN LISTS MY_SCRIPTS MY_RESOURCES)
    if(NOT EXISTS "${CMAKE_CURRENT_SOURCE_DIR}/${file}")
      message(FATAL_ERROR "nonexistent file ${file}")
    endif()
  endforeach()
  file(APPEND "${CMAKE_BINARY_DIR}/calls.txt" "module ${MY_NAME}\\n")
endfunction()
function(slicer_add_python_unittest)
  cmake_parse_arguments(PARSE_ARGV 0 MY "" "SCRIPT" "")
  file(APPEND "${CMAKE_BINARY_DIR}/calls.txt" "test ${MY_SCRIPT}\\n")
endfunction()
"""
GENERATE_CONFIG = """
file(APPEND "${CMAKE_BINARY_DIR}/calls.txt" "depends ${EXTENSION_DEPENDS}\\ndescription ${EXTENSION_DESCRIPTION}\\n")
"""


@pytest.mark.parametrize("module", cmake_lists.MODULES, ids=lambda path: path.name)
def test_every_packaged_file_is_listed_and_nothing_else(module):
    assert cmake_lists.listed(module) == cmake_lists.expected(module), "run Testing/repository/cmake_lists.py"


def test_configures(tmp_path):
    if not any(map(shutil.which, ("cc", "gcc", "clang"))):
        pytest.skip("no C compiler; CMake looks for one in every project")
    cmake = shutil.which("cmake", path=str(Path(sys.executable).parent)) or shutil.which("cmake")
    package, build = tmp_path / "slicer", tmp_path / "build"
    package.mkdir()
    (package / "SlicerConfig.cmake").write_text(SLICER_CONFIG)
    (package / "UseSlicer.cmake").write_text(USE_SLICER)
    (package / "GenerateConfig.cmake").write_text(GENERATE_CONFIG)
    (package / "Cpack.cmake").write_text("")
    command = [cmake, "-S", str(ROOT), "-B", str(build), f"-DSlicer_DIR={package}", "--warn-uninitialized"]
    run = subprocess.run([*command, "-G", "Unix Makefiles"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    calls = (build / "calls.txt").read_text().splitlines()
    for module in cmake_lists.MODULES:
        assert f"module {module.name}" in calls
        assert f"test {module.name}.py" in calls
    assert "depends PyTorch" in calls
    assert any("not for clinical use" in line and "patents" in line for line in calls)
