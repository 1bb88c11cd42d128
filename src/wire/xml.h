// Writes XML 1.0 in UTF-8. Reading is pugixml's.
//
//     XmlWriter xml(out);
//     xml.open("Error"); xml.leaf("Code", "NoSuchKey"); xml.close();
//
// Text and attributes are escaped; carriage returns and what XML cannot hold as itself become
// character references or U+FFFD. The caller's names must be XML names. Appends to `out`, which
// nobody else changes meanwhile; no other allocation but the stack of open names, from the ninth
// on.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

namespace unkai::wire {

class XmlWriter {
public:
    explicit XmlWriter(std::string& out) : out_(out) {}

    void declaration() { out_ += "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"; }
    void open(std::string_view name, std::string_view ending = {});  // The name is both.
    void attribute(std::string_view name, std::string_view value);   // Right after open().
    void text(std::string_view value);
    void close();  // An element without content becomes <name/>.
    void leaf(std::string_view name, std::string_view value);

private:
    void finish_tag();

    struct Name {
        size_t at, length;  // Where `out_` has it.
    };

    std::string& out_;
    std::array<Name, 8> first_names_;  // Of the open elements; the deeper ones follow in names_.
    std::vector<Name> names_;
    size_t depth_ = 0;
    bool tag_open_ = false;
};

void append_xml_text(std::string& out, std::string_view value);

}  // namespace unkai::wire
