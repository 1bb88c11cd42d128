// Dockerfiles: text to stages of instructions, and variables in them. Pure.
//
// https://docs.docker.com/reference/dockerfile/
// Taken: FROM … AS, ARG, ENV, WORKDIR, COPY (--from, --chown, --chmod), ADD of local files, RUN,
// USER, EXPOSE, CMD, ENTRYPOINT, LABEL, VOLUME, STOPSIGNAL, SHELL, HEALTHCHECK (noted and left
// out), comments, continued lines, the `escape` directive. Not taken, with an error that names the
// line: here-documents, RUN --mount and the like, ADD of URLs and archives, ONBUILD. Errors:
// "InvalidDockerfile" with the line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace unkai::images {

struct Instruction {
    std::string name;                            // Upper case.
    std::map<std::string, std::string> options;  // --from=build: "from" → "build"
    std::string text;                            // What follows name and options, lines joined.
    // Of the exec form, ["node", "server.js"]; nullopt: the shell form.
    std::optional<std::vector<std::string>> arguments;
    int line = 0;
};

struct Stage {
    std::string base;  // As written, variables included.
    std::string name;  // AS …, lower case; may be empty.
    std::vector<Instruction> instructions;
    int line = 0;
};

struct Dockerfile {
    std::vector<Instruction> arguments;  // ARG before the first FROM.
    std::vector<Stage> stages;
};

Result<Dockerfile> parse_dockerfile(std::string_view text);

using Variables = std::map<std::string, std::string>;

// $name, ${name}, ${name:-default}, ${name:+other}; a backslash takes a $ literally. Unknown ones
// are empty. Quotes stay.
Result<std::string> expand(std::string_view text, const Variables& variables);

// Words separated by spaces; quotes and backslashes as in a shell.
Result<std::vector<std::string>> words(std::string_view text);

// ENV and LABEL: "a=1 b='2 3'", or the old "name the rest". In order.
Result<std::vector<std::pair<std::string, std::string>>> assignments(std::string_view text);

}  // namespace unkai::images
