// CBOR (RFC 8949), as far as rpc-v2-cbor uses it: a pull reader and a writer.
//
// Reading takes definite and indefinite lengths, floats of 16, 32 and 64 bits, tag 1 (epoch
// seconds), and passes over other tags. After the first error every read fails and finish() tells
// it. Limits: depth 100. Writing is canonical in that it is definite: the caller gives the sizes of
// maps and arrays. https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace unkai::wire {

class CborReader {
public:
    enum class Kind { null, boolean, integer, number, text, bytes, array, map, failed };

    explicit CborReader(std::string_view bytes) : bytes_(bytes) {}

    Kind peek();  // What the next value is; tags before it are consumed.

    // A collection under way. Before each element (or key) ask next(); false means that it has
    // ended.
    struct Items {
        uint64_t left = 0;
        bool indefinite = false;
    };
    bool enter_array(Items& items) { return enter(4, items); }
    bool enter_map(Items& items) { return enter(5, items); }
    bool next(Items& items);

    bool read_null();  // Null or undefined.
    bool read_bool(bool& value);
    bool read_int(int64_t& value);    // An overflow of 64 bits fails.
    bool read_double(double& value);  // Integers too.
    bool read_text(std::string& value);
    bool read_bytes(std::string& value);
    bool skip();

    bool failed() const { return !error_.empty(); }
    bool fail(std::string_view what);
    Status finish();  // Nothing may be left.

private:
    struct Head {
        uint8_t major = 0;
        uint8_t extra = 0;
        uint64_t value = 0;
        bool indefinite() const { return extra == 31; }
    };
    bool head(Head& out);
    bool enter(uint8_t major, Items& items);
    bool read_string(uint8_t major, std::string& value);
    bool read_float(const Head& head, double& value);
    bool at_break();
    bool take(size_t count, std::string_view& out);

    std::string_view bytes_;
    size_t at_ = 0;
    int depth_ = 0;
    std::string error_;
};

class CborWriter {
public:
    explicit CborWriter(std::string& out) : out_(out) {}

    void begin_map(uint64_t size) { head(5, size); }
    void begin_array(uint64_t size) { head(4, size); }
    void null() { out_ += '\xF6'; }
    void boolean(bool value) { out_ += value ? '\xF5' : '\xF4'; }
    void integer(int64_t value);
    void number(double value);
    void text(std::string_view value);
    void bytes(std::string_view value);
    void epoch_seconds(double value);  // Tag 1.

private:
    void head(uint8_t major, uint64_t value);
    std::string& out_;
};

}  // namespace unkai::wire
