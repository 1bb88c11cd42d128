// The reader of mapping templates: it carries out what it reads at once; what an #if leaves out is
// read with `live` off. Part of vtl.h: statements are in vtl.cc, expressions in vtl_expression.cc.
#pragma once

#include <map>

#include "planes/gateway/vtl.h"
#include "planes/gateway/vtl_values.h"

namespace unkai::planes::gateway::vtl {

using wire::Json;

inline constexpr size_t most_template = 300 * 1024, most_rendered = 10 << 20;
inline constexpr int most_turns = 1000, most_depth = 32;

inline bool is_name(char c) {
    return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-';
}
inline bool begins_name(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_'; }

class Renderer {
public:
    Renderer(std::string_view text, const TemplateInput* input) : text_(text), input_(input) {}

    Result<std::string> run();

private:
    Unexpected refuse(const std::string& why);
    void refuse_quietly(std::string why);
    bool failed() const { return !error_.empty(); }
    bool at_end() const { return at_ >= text_.size(); }
    char peek(size_t ahead = 0) const;
    bool take(std::string_view word);
    void spaces();
    bool expect(char c);
    void write(std::string_view text, bool live);

    // A directive's word here, "#if" or "#{if}"; empty when there is none.
    std::string_view directive() const;
    void skip_directive(std::string_view word);

    // Up to the end, or an #end, #else, #elseif (left standing).
    void block(bool live);

    void comment();

    void statement(std::string_view word, bool live);

    void skip_line_end();

    void set(bool live);

    void assign(const std::vector<std::string>& target, Json value);

    void condition(bool live);

    void loop(bool live);

    std::string name();

    void output_reference(bool live);

    // $name, ${name}, $!name with what follows it.
    Json reference(bool live, bool* quiet);

    Arguments arguments(bool live);

    // Members, methods and indices behind a value; a method may change `place` itself.
    Json follow(Json& place, bool live);

    Json built_in(const std::string& root, bool live);

    Json stage_variables() const;

    Json input_method(const std::string& member, const Arguments& given, bool live);

    Json params(const Arguments& given) const;

    // ---- Expressions, weakest first.
    Json expression(bool live) { return either(live); }

    Json either(bool live);
    Json both(bool live);

    std::string_view operation(int level);

    Json binary(bool live, int level);

    Json unary(bool live);

    Json primary(bool live);

    Json numeral();

    Json quoted(bool live);

    Json list(bool live);

    Json map(bool live);

    std::string_view text_;
    const TemplateInput* input_;
    size_t at_ = 0;
    int depth_ = 0;
    std::string out_, error_;
    std::map<std::string, Json> variables_;
};

}  // namespace unkai::planes::gateway::vtl
