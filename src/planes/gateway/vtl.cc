#include "planes/gateway/vtl.h"

#include "planes/gateway/vtl_renderer.h"

namespace unkai::planes::gateway {

namespace vtl {

Result<std::string> Renderer::run() {
    if (text_.size() > most_template) return refuse("it is larger than 300 KB");
    block(input_ != nullptr);
    if (error_.empty() && !at_end()) refuse_quietly("an #end or #else has no #if");
    if (!error_.empty()) return refuse(error_);
    return std::move(out_);
}

Unexpected Renderer::refuse(const std::string& why) {
    return fail("BadRequestException",
                "The mapping template cannot be used: line " +
                    std::to_string(1 + std::count(text_.begin(),
                                                  text_.begin() + static_cast<long>(
                                                                      std::min(at_, text_.size())),
                                                  '\n')) +
                    ": " + why + ".",
                400);
}

void Renderer::refuse_quietly(std::string why) {
    if (error_.empty()) error_ = std::move(why);
}

char Renderer::peek(size_t ahead) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
}

bool Renderer::take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
}

void Renderer::spaces() {
    while (!at_end() && isspace(static_cast<unsigned char>(peek()))) ++at_;
}

bool Renderer::expect(char c) {
    spaces();
    if (peek() != c) {
        refuse_quietly(std::string("'") + c + "' is missing");
        return false;
    }
    ++at_;
    return true;
}

void Renderer::write(std::string_view text, bool live) {
    if (!live) return;
    out_ += text;
    if (out_.size() > most_rendered) refuse_quietly("its output is larger than 10 MB");
}

std::string_view Renderer::directive() const {
    if (peek() != '#') return {};
    const bool braces = peek(1) == '{';
    size_t end = at_ + 1 + (braces ? 1 : 0);
    const size_t begin = end;
    while (end < text_.size() && isalpha(static_cast<unsigned char>(text_[end]))) ++end;
    return text_.substr(begin, end - begin);
}

void Renderer::skip_directive(std::string_view word) {
    ++at_;
    const bool braces = take("{");
    at_ += word.size();
    if (braces) take("}");
}

void Renderer::block(bool live) {
    if (++depth_ > most_depth) refuse_quietly("it is nested too deeply");
    while (!at_end() && !failed()) {
        const char c = peek();
        if (c == '#' && (peek(1) == '#' || peek(1) == '*')) {
            comment();
        } else if (c == '#' && !directive().empty()) {
            const std::string_view word = directive();
            if (word == "end" || word == "else" || word == "elseif") break;
            statement(word, live);
        } else if (c == '\\' && (peek(1) == '$' || peek(1) == '#')) {
            write(text_.substr(at_ + 1, 1), live);
            at_ += 2;
        } else if (c == '$' && (begins_name(peek(1)) || peek(1) == '{' || peek(1) == '!')) {
            output_reference(live);
        } else {
            const size_t end = std::min(text_.find_first_of("#$\\", at_ + 1), text_.size());
            write(text_.substr(at_, end - at_), live);
            at_ = end;
        }
    }
    --depth_;
}

void Renderer::comment() {
    const bool line = peek(1) == '#';
    const size_t end = text_.find(line ? "\n" : "*#", at_);
    at_ = end == text_.npos ? text_.size() : end + (line ? 1 : 2);
}

void Renderer::statement(std::string_view word, bool live) {
    if (word == "set") return set(live);
    if (word == "if") return condition(live);
    if (word == "foreach") return loop(live);
    if (word == "break" || word == "stop" || word == "macro" || word == "parse" ||
        word == "include" || word == "evaluate" || word == "define")
        return refuse_quietly("Unkai does not have #" + std::string(word) +
                              "; use #set, #if and #foreach");
    write("#", live);  // Something like a colour: #fff.
    ++at_;
}

void Renderer::skip_line_end() {
    size_t at = at_;
    while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r')) ++at;
    if (at < text_.size() && text_[at] == '\n') at_ = at + 1;
}

void Renderer::set(bool live) {
    skip_directive("set");
    if (!expect('(')) return;
    spaces();
    if (peek() != '$') return refuse_quietly("#set needs a variable");
    ++at_;
    const bool braces = peek() == '{';
    if (braces) ++at_;
    std::vector<std::string> target;
    while (begins_name(peek()) || (peek() == '.' && !target.empty())) {
        if (peek() == '.') ++at_;
        target.push_back(name());
    }
    if (braces && !expect('}')) return;
    if (target.empty()) return refuse_quietly("#set needs a variable");
    if (!expect('=')) return;
    Json value = expression(live);
    if (!expect(')')) return;
    skip_line_end();
    if (live) assign(target, std::move(value));
}

void Renderer::assign(const std::vector<std::string>& target, Json value) {
    if (target[0] == "context") {
        std::string path = target[1];
        for (size_t i = 2; i < target.size(); ++i) path += "." + target[i];
        if (input_->overrides != nullptr) (*input_->overrides)[path] = shown(value);
        return;
    }
    Json* at = &variables_[target[0]];
    for (size_t i = 1; i < target.size(); ++i) {
        if (!at->is_object()) *at = Json::object();
        at = &at->as_object()[target[i]];
    }
    *at = std::move(value);
}

void Renderer::condition(bool live) {
    bool done = false;
    std::string_view word = "if";
    while (true) {
        skip_directive(word);
        bool chosen = live && !done;
        if (word != "else") {
            if (!expect('(')) return;
            const Json value = expression(chosen);
            if (!expect(')')) return;
            chosen = chosen && is_true(value);
        }
        skip_line_end();
        block(chosen);
        done = done || chosen;
        if (failed()) return;
        word = directive();
        if (word == "end") break;
        if (word != "else" && word != "elseif") return refuse_quietly("an #end is missing");
    }
    skip_directive("end");
    skip_line_end();
}

void Renderer::loop(bool live) {
    skip_directive("foreach");
    if (!expect('(')) return;
    spaces();
    if (!take("$")) return refuse_quietly("#foreach needs a variable");
    const bool braces = take("{");
    const std::string variable = name();
    if (braces && !expect('}')) return;
    spaces();
    if (!take("in")) return refuse_quietly("#foreach needs 'in'");
    const Json list = expression(live);
    if (!expect(')')) return;
    skip_line_end();
    const size_t body = at_;
    std::vector<Json> items;
    if (list.is_array()) items = list.as_array();
    if (list.is_object())
        for (const auto& member : list.as_object()) items.push_back(member.value);
    if (items.size() > most_turns) return refuse_quietly("a loop has more than 1,000 turns");
    if (!live || items.empty()) block(false);
    for (size_t i = 0; live && i < items.size() && !failed(); ++i) {
        at_ = body;
        variables_[variable] = items[i];
        variables_["foreach"] = Json::object({{"index", i},
                                              {"count", i + 1},
                                              {"hasNext", i + 1 < items.size()},
                                              {"first", i == 0},
                                              {"last", i + 1 == items.size()}});
        variables_["velocityCount"] = Json(i + 1);
        block(true);
    }
    if (failed()) return;
    if (directive() != "end") return refuse_quietly("an #end is missing");
    skip_directive("end");
    skip_line_end();
}

std::string Renderer::name() {
    const size_t begin = at_;
    while (!at_end() && is_name(peek())) ++at_;
    return std::string(text_.substr(begin, at_ - begin));
}

void Renderer::output_reference(bool live) {
    const size_t begin = at_;
    bool quiet = false;
    const Json value = reference(live, &quiet);
    if (!live || failed()) return;
    if (!value.is_null())
        write(shown(value), true);
    else if (!quiet)
        write(text_.substr(begin, at_ - begin), true);
}

}  // namespace vtl

Status check_template(std::string_view text) {
    auto checked = vtl::Renderer(text, nullptr).run();
    if (!checked) return checked.error();
    return ok();
}

Result<std::string> render_template(std::string_view text, const TemplateInput& input) {
    return vtl::Renderer(text, &input).run();
}

}  // namespace unkai::planes::gateway
