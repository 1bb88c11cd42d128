#include "images/dockerfile.h"

#include <array>

#include "base/strings.h"
#include "wire/json.h"

namespace unkai::images {

namespace {

Unexpected invalid(int line, std::string what) {
    const std::string where = line > 0 ? "Dockerfile line " + std::to_string(line) + ": " : "";
    return fail("InvalidDockerfile", where + std::move(what), 400);
}

bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// "# escape=`" among the comments at the top.
char escape_character(std::string_view text) {
    for (const std::string_view raw : split(text, '\n')) {
        const std::string_view line = trim(raw);
        if (!line.starts_with('#')) break;
        const auto [name, value] = split_once(trim(line.substr(1)), '=');
        if (equals_ignoring_case(trim(name), "escape") && trim(value) == "`") return '`';
    }
    return '\\';
}

struct Line {
    std::string text;
    int number;
};

// Joins continued lines; drops comments and empty lines, inside continuations as well.
std::vector<Line> logical_lines(std::string_view text) {
    const char escape = escape_character(text);
    std::vector<Line> out;
    int number = 0;
    bool continued = false;
    for (std::string_view raw : split(text, '\n')) {
        ++number;
        if (raw.ends_with('\r')) raw.remove_suffix(1);
        const std::string_view line = trim(raw);
        if (line.empty() || line.starts_with('#')) continue;
        if (!continued) out.push_back({"", number});
        continued = line.ends_with(escape);
        const std::string_view kept = continued ? line.substr(0, line.size() - 1) : line;
        out.back().text += out.back().text.empty() ? std::string(kept) : " " + std::string(kept);
    }
    return out;
}

constexpr std::array known = {"FROM",        "ARG",       "ENV",    "WORKDIR",    "COPY",
                              "ADD",         "RUN",       "USER",   "EXPOSE",     "CMD",
                              "ENTRYPOINT",  "LABEL",     "VOLUME", "STOPSIGNAL", "SHELL",
                              "HEALTHCHECK", "MAINTAINER"};
constexpr std::array with_exec_form = {"COPY",       "ADD",    "RUN",  "CMD",
                                       "ENTRYPOINT", "VOLUME", "SHELL"};

bool contains(const auto& names, std::string_view name) {
    for (const std::string_view one : names)
        if (one == name) return true;
    return false;
}

Status take_options(std::string_view& rest, Instruction& out) {
    while (rest.starts_with("--")) {
        const auto [option, after] = split_once(rest, ' ');
        const auto [name, value] = split_once(option.substr(2), '=');
        const bool copies = out.name == "COPY" || out.name == "ADD";
        const bool taken =
            copies && (name == "from" || name == "chown" || name == "chmod" || name == "link");
        if (!taken && !(out.name == "FROM" && name == "platform") && out.name != "HEALTHCHECK")
            return invalid(
                out.line,
                out.name + " --" + std::string(name) +
                    " is not supported here. Build with docker or buildah and push that.");
        out.options[std::string(name)] = std::string(value);
        rest = trim(after);
    }
    return ok();
}

Result<Instruction> parse_line(const Line& line) {
    Instruction out;
    out.line = line.number;
    const size_t end = line.text.find_first_of(" \t");
    out.name = to_upper(line.text.substr(0, end));
    if (!contains(known, out.name))
        return invalid(out.line, "the instruction " + out.name + " is unknown or not supported.");
    std::string_view rest =
        end == std::string::npos ? "" : trim(std::string_view(line.text).substr(end));
    REQUIRE(take_options(rest, out));
    out.text = std::string(rest);
    if (out.text.empty() && out.name != "CMD" && out.name != "ENTRYPOINT")
        return invalid(out.line, out.name + " needs something after it.");
    if (contains(with_exec_form, out.name) && rest.starts_with('[')) {
        const auto list = wire::Json::parse(rest);
        bool strings = list && list->is_array();
        if (strings)
            for (const wire::Json& item : list->as_array()) strings = strings && item.is_string();
        if (strings) {
            out.arguments.emplace();
            for (const wire::Json& item : list->as_array())
                out.arguments->push_back(item.as_string());
        }
    }
    const bool here = (out.name == "RUN" || out.name == "COPY") &&
                      out.text.find("<<") != std::string::npos && !out.arguments;
    if (here && (out.name == "COPY" || out.text.starts_with("<<")))
        return invalid(out.line, "here-documents are not supported; use a file and COPY.");
    return out;
}

Result<Stage> parse_from(const Instruction& from) {
    TRY(const auto parts, words(from.text));
    const bool named = parts.size() == 3 && equals_ignoring_case(parts[1], "as");
    if (parts.size() != 1 && !named)
        return invalid(from.line, "FROM takes an image and AS a name.");
    return Stage{.base = parts[0],
                 .name = named ? to_lower(parts[2]) : "",
                 .instructions = {},
                 .line = from.line};
}

}  // namespace

Result<Dockerfile> parse_dockerfile(std::string_view text) {
    Dockerfile out;
    for (const Line& line : logical_lines(text)) {
        TRY(Instruction instruction, parse_line(line));
        if (instruction.name == "FROM") {
            TRY(Stage stage, parse_from(instruction));
            out.stages.push_back(std::move(stage));
        } else if (!out.stages.empty()) {
            out.stages.back().instructions.push_back(std::move(instruction));
        } else if (instruction.name == "ARG") {
            out.arguments.push_back(std::move(instruction));
        } else {
            return invalid(line.number, "the first instruction must be FROM (or ARG).");
        }
    }
    if (out.stages.empty()) return invalid(0, "The Dockerfile has no FROM.");
    return out;
}

Result<std::string> expand(std::string_view text, const Variables& variables) {
    std::string out;
    const auto value_of = [&](std::string_view name) {
        const auto found = variables.find(std::string(name));
        return found == variables.end() ? std::string() : found->second;
    };
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 1 < text.size()) {
            if (text[i + 1] != '$') out += text[i];
            out += text[++i];
        } else if (text[i] != '$' || i + 1 == text.size()) {
            out += text[i];
        } else if (text[i + 1] == '{') {
            const size_t end = text.find('}', i);
            if (end == std::string_view::npos)
                return invalid(0, "a ${ is not closed in: " + std::string(text));
            const std::string_view inside = text.substr(i + 2, end - i - 2);
            const size_t colon = inside.find(':');
            const std::string value = value_of(inside.substr(0, colon));
            const std::string_view rule =
                colon == std::string_view::npos ? "" : inside.substr(colon + 1);
            if (rule.empty())
                out += value;
            else if (rule[0] == '-')
                out += value.empty() ? std::string(rule.substr(1)) : value;
            else if (rule[0] == '+')
                out += value.empty() ? "" : std::string(rule.substr(1));
            else
                return invalid(0, "${…} knows :- and :+ only, in: " + std::string(text));
            i = end;
        } else if (is_name_character(text[i + 1])) {
            size_t end = i + 1;
            while (end < text.size() && is_name_character(text[end])) ++end;
            out += value_of(text.substr(i + 1, end - i - 1));
            i = end - 1;
        } else {
            out += text[i];
        }
    }
    return out;
}

Result<std::vector<std::string>> words(std::string_view text) {
    std::vector<std::string> out;
    std::string word;
    bool inside = false;
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool space = c == ' ' || c == '\t';
        if (quote == 0 && space) {
            if (inside) out.push_back(std::exchange(word, ""));
            inside = false;
            continue;
        }
        inside = true;
        if (c == '\\' && quote != '\'' && i + 1 < text.size())
            word += text[++i];
        else if (quote == 0 && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = 0;
        else
            word += c;
    }
    if (quote != 0) return invalid(0, "a quote is not closed in: " + std::string(text));
    if (inside) out.push_back(word);
    return out;
}

Result<std::vector<std::pair<std::string, std::string>>> assignments(std::string_view text) {
    TRY(const auto parts, words(text));
    std::vector<std::pair<std::string, std::string>> out;
    if (!parts.empty() && parts[0].find('=') == std::string::npos) {
        const auto [name, value] = split_once(trim(text), ' ');
        out.emplace_back(name, trim(value));
        return out;
    }
    for (const std::string& part : parts) {
        const auto [name, value] = split_once(part, '=');
        if (name.empty() || part.find('=') == std::string::npos)
            return invalid(0, "'" + part + "' is no NAME=value.");
        out.emplace_back(name, value);
    }
    return out;
}

}  // namespace unkai::images
