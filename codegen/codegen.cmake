# For each src/services/<name>/<name>.ops: gen/api/<name>.h and .cc, compiled into unkai_api.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)

set(unkai_generated ${CMAKE_BINARY_DIR}/gen)
file(GLOB generator CONFIGURE_DEPENDS codegen/*.py)
file(GLOB ops_files CONFIGURE_DEPENDS src/services/*/*.ops)
set(api_sources)
foreach(ops IN LISTS ops_files)
    get_filename_component(name ${ops} NAME_WE)
    set(out ${unkai_generated}/api/${name})
    add_custom_command(
        OUTPUT ${out}.h ${out}.cc
        COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/codegen/generate.py
                ${CMAKE_SOURCE_DIR}/models/${name}.json ${ops} ${out}
        DEPENDS ${ops} models/${name}.json ${generator}
        COMMENT "Generating api/${name}")
    list(APPEND api_sources ${out}.cc ${out}.h)
endforeach()

if(api_sources)
    add_library(unkai_api STATIC ${api_sources})
    target_include_directories(unkai_api PUBLIC src ${unkai_generated})
    cmake_language(DEFER CALL target_precompile_headers unkai_api REUSE_FROM unkai_precompiled)
    target_link_libraries(unkai_api PUBLIC unkai_rt unkai_base PkgConfig::FMT)
    # One at a time: a changed .ops file compiles its own shapes and no others.
    set_target_properties(unkai_api PROPERTIES UNITY_BUILD OFF)
    set_source_files_properties(${api_sources} PROPERTIES GENERATED TRUE)
endif()
enable_testing()
add_test(NAME codegen COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/codegen/golden_test.py)
