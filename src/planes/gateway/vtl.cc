#include "planes/gateway/vtl.h"

#include "base/strings.h"
#include "planes/gateway/json_path.h"
#include "planes/gateway/vtl_values.h"

namespace unkai::planes::gateway {

using vtl::Arguments;
using wire::Json;

namespace {

constexpr size_t most_template = 300 * 1024, most_rendered = 10 << 20;
constexpr int most_turns = 1000, most_depth = 32;

bool is_name(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; }
bool begins_name(char c) { return isalpha(static_cast<unsigned char>(c)) || c == '_'; }

// Reads and carries out at once; what an #if leaves out is read with `live` off.
class Renderer {
public:
    Renderer(std::string_view text, const TemplateInput* input) : text_(text), input_(input) {}

    Result<std::string> run() {
        if (text_.size() > most_template) return refuse("it is larger than 300 KB");
        block(input_ != nullptr);
        if (error_.empty() && !at_end()) refuse_quietly("an #end or #else has no #if");
        if (!error_.empty()) return refuse(error_);
        return std::move(out_);
    }

private:
    Unexpected refuse(const std::string& why) {
        return fail("BadRequestException",
                    "The mapping template cannot be used: line " +
                        std::to_string(1 + std::count(text_.begin(),
                                                      text_.begin() + static_cast<long>(std::min(
                                                                          at_, text_.size())),
                                                      '\n')) +
                        ": " + why + ".",
                    400);
    }
    void refuse_quietly(std::string why) {
        if (error_.empty()) error_ = std::move(why);
    }
    bool failed() const { return !error_.empty(); }
    bool at_end() const { return at_ >= text_.size(); }
    char peek(size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
    }
    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    void spaces() {
        while (!at_end() && isspace(static_cast<unsigned char>(peek()))) ++at_;
    }
    bool expect(char c) {
        spaces();
        if (peek() != c) {
            refuse_quietly(std::string("'") + c + "' is missing");
            return false;
        }
        ++at_;
        return true;
    }
    void write(std::string_view text, bool live) {
        if (!live) return;
        out_ += text;
        if (out_.size() > most_rendered) refuse_quietly("its output is larger than 10 MB");
    }

    // A directive's word here, "#if" or "#{if}"; empty when there is none.
    std::string_view directive() const {
        if (peek() != '#') return {};
        const bool braces = peek(1) == '{';
        size_t end = at_ + 1 + (braces ? 1 : 0);
        const size_t begin = end;
        while (end < text_.size() && isalpha(static_cast<unsigned char>(text_[end]))) ++end;
        return text_.substr(begin, end - begin);
    }
    void skip_directive(std::string_view word) {
        at_ += 1 + word.size();
        if (peek(0) == '\0') return;
        if (text_[at_ - word.size()] == '{') ++at_;
        if (peek() == '}') ++at_;
    }

    // Up to the end, or an #end, #else, #elseif (left standing).
    void block(bool live) {
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

    void comment() {
        const bool line = peek(1) == '#';
        const size_t end = text_.find(line ? "\n" : "*#", at_);
        at_ = end == text_.npos ? text_.size() : end + (line ? 1 : 2);
    }

    void statement(std::string_view word, bool live) {
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

    void skip_line_end() {
        size_t at = at_;
        while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\r'))
            ++at;
        if (at < text_.size() && text_[at] == '\n') at_ = at + 1;
    }

    void set(bool live) {
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

    void assign(const std::vector<std::string>& target, Json value) {
        if (target[0] == "context") {
            std::string path = target[1];
            for (size_t i = 2; i < target.size(); ++i) path += "." + target[i];
            if (input_->overrides != nullptr) (*input_->overrides)[path] = vtl::shown(value);
            return;
        }
        Json* at = &variables_[target[0]];
        for (size_t i = 1; i < target.size(); ++i) {
            if (!at->is_object()) *at = Json::object();
            at = &at->as_object()[target[i]];
        }
        *at = std::move(value);
    }

    void condition(bool live) {
        bool done = false;
        std::string_view word = "if";
        while (true) {
            skip_directive(word);
            bool chosen = live && !done;
            if (word != "else") {
                if (!expect('(')) return;
                const Json value = expression(chosen);
                if (!expect(')')) return;
                chosen = chosen && vtl::is_true(value);
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

    void loop(bool live) {
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

    std::string name() {
        const size_t begin = at_;
        while (!at_end() && is_name(peek())) ++at_;
        return std::string(text_.substr(begin, at_ - begin));
    }

    void output_reference(bool live) {
        const size_t begin = at_;
        bool quiet = false;
        const Json value = reference(live, &quiet);
        if (!live || failed()) return;
        if (!value.is_null())
            write(vtl::shown(value), true);
        else if (!quiet)
            write(text_.substr(begin, at_ - begin), true);
    }

    // $name, ${name}, $!name with what follows it.
    Json reference(bool live, bool* quiet) {
        ++at_;
        if (take("!")) *quiet = true;
        const bool braces = take("{");
        const std::string root = name();
        if (root.empty()) {
            write(braces ? "${" : "$", live);
            return Json("");
        }
        Json value;
        if (root == "input" || root == "util" || root == "context" || root == "stageVariables") {
            *quiet = true;
            value = built_in(root, live);
        } else {
            const auto found = variables_.find(root);
            Json* place = found == variables_.end() ? nullptr : &found->second;
            Json nothing;
            value = follow(place != nullptr ? *place : nothing, live);
        }
        if (braces && !expect('}')) return nullptr;
        return value;
    }

    Arguments arguments(bool live) {
        Arguments out;
        if (!expect('(')) return out;
        spaces();
        if (take(")")) return out;
        while (!failed()) {
            out.push_back(expression(live));
            spaces();
            if (take(")")) break;
            if (!expect(',')) break;
        }
        return out;
    }

    // Members, methods and indices behind a value; a method may change `place` itself.
    Json follow(Json& place, bool live) {
        Json held;
        Json* at = &place;
        while (!failed()) {
            if (peek() == '.' && begins_name(peek(1))) {
                ++at_;
                const std::string member = name();
                if (peek() == '(') {
                    const Arguments given = arguments(live);
                    auto result = live ? vtl::call_method(*at, member, given) : Json(nullptr);
                    if (!result) {
                        refuse_quietly("there is no method " + member + " of a " + at->type_name());
                        return nullptr;
                    }
                    held = *std::move(result);
                } else {
                    Json next = at->is_object() ? (*at)[member] : Json(nullptr);
                    held = std::move(next);
                }
                at = &held;
            } else if (peek() == '[') {
                ++at_;
                const Json index = expression(live);
                if (!expect(']')) return nullptr;
                Json next = at->is_array() ? (*at)[static_cast<size_t>(index.int_or(INT32_MAX))]
                                           : (*at)[vtl::shown(index)];
                held = std::move(next);
                at = &held;
            } else {
                break;
            }
        }
        return *at;
    }

    Json built_in(const std::string& root, bool live) {
        if (!take(".")) return root == "stageVariables" && live ? stage_variables() : Json(nullptr);
        std::string member = name();
        if (root == "context") {
            while (peek() == '.' && begins_name(peek(1))) {
                ++at_;
                member += "." + name();
            }
            if (!live) return nullptr;
            return Json(context_value(input_->turn, member).value_or(""));
        }
        Json value;
        if (root == "stageVariables") {
            if (live) value = stage_variables()[member];
        } else if (root == "input" && member == "body") {
            if (live) value = Json(input_->body);
        } else {
            const Arguments given = arguments(live);
            if (root == "util") {
                auto result = vtl::call_utility(member, given);
                if (!result) refuse_quietly("there is no $util." + member);
                value = result ? *std::move(result) : Json(nullptr);
            } else {
                value = input_method(member, given, live);
            }
        }
        return follow(value, live);
    }

    Json stage_variables() const {
        Json out = Json::object();
        if (input_->turn.stage != nullptr)
            for (const auto& [key, value] : input_->turn.stage->variables) out.set(key, value);
        return out;
    }

    Json input_method(const std::string& member, const Arguments& given, bool live) {
        if (member != "params" && member != "json" && member != "path") {
            refuse_quietly("there is no $input." + member);
            return nullptr;
        }
        if (!live) return nullptr;
        if (member == "params") return params(given);
        const auto body = Json::parse(input_->body);
        const Json found =
            body ? json_path(*body, given.empty() ? "$" : vtl::shown(given[0])) : Json(nullptr);
        if (member == "json") return Json(found.is_null() ? "\"\"" : found.dump());
        return found;
    }

    Json params(const Arguments& given) const {
        const Turn& turn = input_->turn;
        Json path = Json::object(), query = Json::object(), header = Json::object();
        for (const auto& [key, value] : turn.path_variables) path.set(key, value);
        for (const auto& [key, value] : turn.query) query.set(key, value);
        for (const auto& [key, value] : turn.in->headers) header.set(key, value);
        if (given.empty())
            return Json::object({{"path", path}, {"querystring", query}, {"header", header}});
        const std::string wanted = vtl::shown(given[0]);
        for (const Json* group : {&path, &query})
            if (const Json* found = group->find(wanted); found != nullptr) return *found;
        if (wanted == "path") return path;
        if (wanted == "querystring") return query;
        if (wanted == "header") return header;
        return Json(turn.in->header(wanted));
    }

    // ---- Expressions, weakest first.
    Json expression(bool live) { return either(live); }

    Json either(bool live) {
        Json left = both(live);
        while (!failed()) {
            spaces();
            if (!take("||")) break;
            const Json right = both(live);
            left = Json(vtl::is_true(left) || vtl::is_true(right));
        }
        return left;
    }
    Json both(bool live) {
        Json left = binary(live, 0);
        while (!failed()) {
            spaces();
            if (!take("&&")) break;
            const Json right = binary(live, 0);
            left = Json(vtl::is_true(left) && vtl::is_true(right));
        }
        return left;
    }

    std::string_view operation(int level) {
        static constexpr std::array<std::array<std::string_view, 4>, 4> operations = {
            {{"==", "!=", "", ""},
             {"<=", ">=", "<", ">"},
             {"+", "-", "", ""},
             {"*", "/", "%", ""}}};
        spaces();
        for (const std::string_view one : operations[static_cast<size_t>(level)])
            if (!one.empty() && text_.substr(at_).starts_with(one)) {
                at_ += one.size();
                return one;
            }
        return {};
    }

    Json binary(bool live, int level) {
        constexpr int levels = 4;
        if (level == levels) return unary(live);
        Json left = binary(live, level + 1);
        while (!failed()) {
            const std::string_view sign = operation(level);
            if (sign.empty()) break;
            const Json right = binary(live, level + 1);
            auto result = vtl::calculate(sign, left, right);
            left = result ? *std::move(result) : Json(nullptr);
        }
        return left;
    }

    Json unary(bool live) {
        spaces();
        if (++depth_ > most_depth) refuse_quietly("it is nested too deeply");
        Json value;
        if (peek() == '!' && peek(1) != '=') {
            ++at_;
            value = Json(!vtl::is_true(unary(live)));
        } else {
            value = primary(live);
        }
        --depth_;
        return value;
    }

    Json primary(bool live) {
        if (failed()) return nullptr;
        const char c = peek();
        if (c == '$') {
            bool quiet = false;
            return reference(live, &quiet);
        }
        if (c == '\'' || c == '"') return quoted(live);
        if (isdigit(static_cast<unsigned char>(c)) || c == '-') return numeral();
        if (take("true")) return true;
        if (take("false")) return false;
        if (take("null")) return nullptr;
        if (c == '(') {
            ++at_;
            Json value = expression(live);
            expect(')');
            return value;
        }
        if (c == '[') return list(live);
        if (c == '{') return map(live);
        refuse_quietly("an expression is missing");
        return nullptr;
    }

    Json numeral() {
        const size_t begin = at_;
        if (peek() == '-') ++at_;
        while (isdigit(static_cast<unsigned char>(peek()))) ++at_;
        if (peek() == '.' && isdigit(static_cast<unsigned char>(peek(1)))) {
            ++at_;
            while (isdigit(static_cast<unsigned char>(peek()))) ++at_;
        }
        const auto text = text_.substr(begin, at_ - begin);
        if (const auto whole = parse_int(text)) return *whole;
        if (const auto number = parse_double(text)) return *number;
        refuse_quietly("a number is missing");
        return nullptr;
    }

    Json quoted(bool live) {
        const char quote = peek();
        const size_t end = text_.find(quote, at_ + 1);
        if (end == text_.npos) {
            refuse_quietly("a quote does not end");
            return nullptr;
        }
        const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        if (quote == '\'' || inner.find_first_of("$#") == inner.npos || !live) return Json(inner);
        Renderer inside(inner, input_);
        inside.variables_ = variables_;
        inside.depth_ = depth_;
        auto text = inside.run();
        if (!text) refuse_quietly("a quoted text: " + text.error().message);
        return text ? Json(*std::move(text)) : Json(nullptr);
    }

    Json list(bool live) {
        ++at_;
        Json out = Json::array();
        spaces();
        if (take("]")) return out;
        const Json first = expression(live);
        spaces();
        if (take("..")) {
            const Json last = expression(live);
            expect(']');
            const int64_t from = first.int_or(0), to = last.int_or(0);
            if (std::abs(to - from) > most_turns) {
                refuse_quietly("a range has more than 1,000 numbers");
                return nullptr;
            }
            for (int64_t i = from; from <= to ? i <= to : i >= to; i += from <= to ? 1 : -1)
                out.push(i);
            return out;
        }
        out.push(first);
        while (!failed() && !take("]")) {
            if (!expect(',')) break;
            out.push(expression(live));
            spaces();
        }
        return out;
    }

    Json map(bool live) {
        ++at_;
        Json out = Json::object();
        spaces();
        while (!failed() && !take("}")) {
            const Json key = expression(live);
            if (!expect(':')) break;
            out.set(vtl::shown(key), expression(live));
            spaces();
            if (peek() == ',') ++at_;
            spaces();
        }
        return out;
    }

    std::string_view text_;
    const TemplateInput* input_;
    size_t at_ = 0;
    int depth_ = 0;
    std::string out_, error_;
    std::map<std::string, Json> variables_;
};

}  // namespace

Status check_template(std::string_view text) {
    auto checked = Renderer(text, nullptr).run();
    if (!checked) return checked.error();
    return ok();
}

Result<std::string> render_template(std::string_view text, const TemplateInput& input) {
    return Renderer(text, &input).run();
}

}  // namespace unkai::planes::gateway
