# embed.cmake - writes files as arrays of bytes into a C source, so that the program carries them.
#
#     cmake -DOUTPUT=page_data.c -DFILES=a/index.html,a/app.js -P embed.cmake
#
# index.html becomes `page_index_html` and `page_index_html_len`.
set(source "/* Made by embed.cmake. */\n#include <stddef.h>\n")
string(REPLACE "," ";" files "${FILES}")
foreach(file IN LISTS files)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "page_${name}" name)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" digits)
  math(EXPR length "${digits} / 2")
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${hex}")
  string(REGEX REPLACE "(....................................................................................................)"
         "\\1\n" bytes "${bytes}")
  string(APPEND source "extern const unsigned char ${name}[];\nextern const size_t ${name}_len;\n"
         "const unsigned char ${name}[] = {\n${bytes}\n};\nconst size_t ${name}_len = ${length};\n")
endforeach()
file(WRITE "${OUTPUT}" "${source}")
