#include "wire/xml.h"

#include "base/check.h"

namespace unkai::wire {

void append_xml_text(std::string& out, std::string_view value) {
    for (const char c : value) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\r':
                out += "&#xD;";
                break;
            case '\n':
            case '\t':
                out += c;
                break;
            default:
                if (static_cast<unsigned char>(c) < 0x20)
                    out += "\xEF\xBF\xBD";
                else
                    out += c;
        }
    }
}

void XmlWriter::finish_tag() {
    if (tag_open_) out_ += '>';
    tag_open_ = false;
}

void XmlWriter::open(std::string_view name) {
    finish_tag();
    out_ += '<';
    out_ += name;
    names_.emplace_back(name);
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
    CHECK(!names_.empty(), "close() without open()");
    if (tag_open_) {
        out_ += "/>";
        tag_open_ = false;
    } else {
        out_ += "</";
        out_ += names_.back();
        out_ += '>';
    }
    names_.pop_back();
}

void XmlWriter::leaf(std::string_view name, std::string_view value) {
    open(name);
    text(value);
    close();
}

}  // namespace unkai::wire
