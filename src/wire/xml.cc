#include "wire/xml.h"

#include <array>
#include <cstring>

#include "base/check.h"

namespace unkai::wire {

// What a character becomes; empty when it stays.
static constexpr std::string_view escaped(char c) {
    switch (c) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\r':
            return "&#xD;";
        case '\n':
        case '\t':
            return {};
        default:
            return static_cast<unsigned char>(c) < 0x20 ? "\xEF\xBF\xBD" : std::string_view();
    }
}

// Most characters stay, which a look at a table tells.
static constexpr auto is_escaped = [] {
    std::array<bool, 256> all{};
    for (size_t c = 0; c < all.size(); ++c) all[c] = !escaped(static_cast<char>(c)).empty();
    return all;
}();

void append_xml_text(std::string& out, std::string_view value) {
    size_t from = 0;
    for (size_t at = 0; at < value.size(); ++at) {
        if (!is_escaped[static_cast<unsigned char>(value[at])]) continue;
        out.append(value, from, at - from);
        out += escaped(value[at]);
        from = at + 1;
    }
    out.append(value, from);
}

// That many more characters, to be written by the caller: names and brackets are short, and an
// append each would cost more than they do.
static char* extend(std::string& out, size_t more) {
    const size_t size = out.size();
    const size_t whole = size + more;  // GCC 12's library gives the lambda what it reserved.
    out.resize_and_overwrite(whole, [whole](char*, size_t) { return whole; });
    return out.data() + size;
}

void XmlWriter::finish_tag() {
    if (tag_open_) out_ += '>';
    tag_open_ = false;
}

void XmlWriter::open(std::string_view name, std::string_view ending) {
    const size_t length = name.size() + ending.size();
    char* at = extend(out_, length + (tag_open_ ? 2 : 1));
    if (tag_open_) *at++ = '>';
    *at++ = '<';
    std::memcpy(at, name.data(), name.size());
    if (!ending.empty()) std::memcpy(at + name.size(), ending.data(), ending.size());
    const Name opened{out_.size() - length, length};
    if (depth_ < first_names_.size())
        first_names_[depth_] = opened;
    else
        names_.push_back(opened);
    ++depth_;
    tag_open_ = true;
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
    CHECK(tag_open_, "attribute() after an element's content");
    out_ += ' ';
    out_ += name;
    out_ += "=\"";
    append_xml_text(out_, value);
    out_ += '"';
}

void XmlWriter::text(std::string_view value) {
    if (value.empty()) return;
    finish_tag();
    append_xml_text(out_, value);
}

void XmlWriter::close() {
    CHECK(depth_ > 0, "close() without open()");
    Name name;
    if (--depth_ < first_names_.size()) {
        name = first_names_[depth_];
    } else {
        name = names_.back();
        names_.pop_back();
    }
    if (tag_open_) {
        out_ += "/>";
        tag_open_ = false;
    } else {
        char* const at = extend(out_, name.length + 3);
        std::memcpy(at, "</", 2);
        std::memcpy(at + 2, out_.data() + name.at, name.length);
        at[name.length + 2] = '>';
    }
}

void XmlWriter::leaf(std::string_view name, std::string_view value) {
    open(name);
    text(value);
    close();
}

}  // namespace unkai::wire
