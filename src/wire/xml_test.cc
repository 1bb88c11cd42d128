#include "wire/xml.h"

#include <gtest/gtest.h>

namespace unkai::wire {

TEST(Xml, EscapesAndCloses) {
    std::string out;
    XmlWriter xml(out);
    xml.declaration();
    xml.open("a");
    xml.attribute("xmlns", "http://x/?a=\"1\"&b");
    xml.leaf("empty", "");
    xml.leaf("text", "<&>\r\n\x01 \xE9\x9B\xB2");
    xml.open("b");
    xml.text("one ");
    xml.text("two");
    xml.close();
    xml.close();
    EXPECT_EQ(out,
              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a "
              "xmlns=\"http://x/?a=&quot;1&quot;&amp;b\"><empty/>"
              "<text>&lt;&amp;&gt;&#xD;\n\xEF\xBF\xBD \xE9\x9B\xB2</text><b>one two</b></a>");
}

}  // namespace unkai::wire
