// JSON without a document in memory: a pull reader and a writer, for the table-driven wire engines.
//
//     JsonReader reader(text);
//     reader.enter_object();
//     for (std::string_view name; reader.next_member(name);)
//         if (name == "MaxItems") reader.read_int(count); else reader.skip();
//     REQUIRE(reader.finish());
//
// Rules: the text is UTF-8 without a byte-order mark; a lone surrogate, a control character in a
// string, a trailing comma, a comment, NaN or a leading zero is an error. Integers that fit are
// int64, all other numbers doubles. Of duplicate members the last counts (as in AWS's own parsers).
// Errors have the code "SerializationException", status 400, and a sentence with line and column.
// Cost: reading is one pass; strings without escapes are not copied by the reader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::wire {

class Json;

struct JsonLimits {
    int depth = 100;           // Arrays and objects inside each other.
    size_t bytes = 64u << 20;  // Text longer than this is refused unread.
};

// Pulls values from text. After the first error every read fails, every next_…() answers false and
// finish() tells the error: a caller may check once, at the end. Not copyable: views point into it.
class JsonReader {
public:
    enum class Kind { null, boolean, number, string, array, object, failed };

    explicit JsonReader(std::string_view text, JsonLimits limits = {});
    JsonReader(const JsonReader&) = delete;

    Kind peek();  // What the next value is; nothing is consumed.

    // True when the next value is one, now entered. Then call next_…() before each member or
    // element; after it answers true read or skip exactly one value; false means that it has ended.
    bool enter_object();
    bool next_member(std::string_view& name);  // The view lives until the next call.
    bool enter_array();
    bool next_element();

    // Each consumes a value of that kind, or fails and answers false.
    bool read_null();
    bool read_bool(bool& value);
    bool read_int(int64_t& value);    // 1.0 and 1e3 too; a fraction or an overflow fails.
    bool read_double(double& value);  // Any number.
    bool read_string(std::string& value);
    bool read_string(std::string_view& value);  // The view lives until the next call.
    bool read(Json& value);                     // Any value.
    std::string_view read_raw();                // Any value, checked, as its text.
    bool skip();                                // Any value, checked.

    bool failed() const { return error_ != nullptr; }
    // Makes the whole read fail with a sentence of the caller's, at the present place.
    bool fail(std::string_view what);
    // The end: nothing but white space may be left.
    Status finish();

private:
    void white_space();
    bool literal(std::string_view word);
    bool scan_number(std::string_view& text, bool& is_integer);
    bool scan_string(std::string_view& value);
    bool unescape(size_t from, std::string_view& value);
    bool escape(std::string& out);
    bool hex4(uint32_t& value);
    bool enter(char open);
    bool next(char close);

    std::string_view text_;
    size_t at_ = 0;
    int depth_ = 0;
    int most_depth_;
    bool first_ = false;  // Just entered: no comma before the next item.
    std::string scratch_;
    std::unique_ptr<Error> error_;
};

// Appends one JSON value to `out`. The caller keeps the order right (a key before each member's
// value); begin and end must match. Text that is not UTF-8 gets U+FFFD for each broken byte. NaN
// and the infinities become the strings "NaN", "Infinity", "-Infinity", as AWS's JSON protocols
// spell them.
class JsonWriter {
public:
    explicit JsonWriter(std::string& out, bool pretty = false) : out_(out), pretty_(pretty) {}

    void begin_object() { begin('{'); }
    void end_object() { end('}'); }
    void begin_array() { begin('['); }
    void end_array() { end(']'); }
    void key(std::string_view name);

    void null();
    void boolean(bool value);
    void integer(int64_t value);
    void number(double value);
    void string(std::string_view value);
    void raw(std::string_view json);  // Already JSON: numbers with fixed decimals, documents.
    void value(const Json& value);

private:
    void separate();
    void begin(char open);
    void end(char close);
    void indent();

    std::string& out_;
    bool pretty_;
    int depth_ = 0;
    bool first_ = true;  // Nothing yet in the present array or object.
    bool after_key_ = false;
};

void append_json_string(std::string& out, std::string_view value);  // With its quotes.
std::string shortest_number(double value);

}  // namespace unkai::wire
