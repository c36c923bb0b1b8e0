# gemel_embed(TARGET NAME FILE): the bytes of FILE become the symbols gemel_NAME and gemel_NAME_end of TARGET, by the assembler, which takes
# a megabyte in no time.
function(gemel_embed target name file)
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embed_${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" @ONLY CONTENT [[
asm(R"(
  .pushsection .rodata
  .global gemel_@name@
  .global gemel_@name@_end
gemel_@name@:
  .incbin "@file@"
gemel_@name@_end:
  .byte 0
  .popsection
)");
]])
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${file}")
  target_sources(${target} PRIVATE "${source}")
endfunction()

# What the pages of gemel_report are made of; the chart library comes out of its wheel.
function(gemel_report_page)
  set(charts "${CMAKE_CURRENT_BINARY_DIR}/charts.js")
  add_custom_command(OUTPUT "${charts}"
    COMMAND "${GEMEL_VENV_DIR}/bin/python" "${CMAKE_SOURCE_DIR}/scripts/chart_library.py" "${charts}"
    DEPENDS "${CMAKE_SOURCE_DIR}/scripts/chart_library.py" "${CMAKE_SOURCE_DIR}/scripts/requirements.txt"
    COMMENT "Taking the chart library out of its wheel" VERBATIM)
  gemel_embed(gemel_report charts_js "${charts}")
  foreach(part page.html page.css page.js report.js tuning.js)
    string(REPLACE "." "_" name "${part}")
    gemel_embed(gemel_report ${name} "${CMAKE_SOURCE_DIR}/gemel/report/page/${part}")
  endforeach()
endfunction()
