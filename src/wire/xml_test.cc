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

TEST(Xml, ClosesInOrderHoweverDeep) {
    std::string out, wanted;
    XmlWriter xml(out);
    for (int i = 0; i < 20; ++i) {
        xml.open("level", std::to_string(i));
        wanted += "<level" + std::to_string(i) + ">";
    }
    xml.text("x");
    wanted += "x";
    for (int i = 20; i-- > 0;) {
        xml.close();
        wanted += "</level" + std::to_string(i) + ">";
    }
    EXPECT_EQ(out, wanted);
}

}  // namespace unkai::wire
