#include "aws/sigv4.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/strings.h"

namespace unkai::aws::sigv4 {

namespace fs = std::filesystem;

static std::string read(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
}

// A request as the vectors spell it: a start line, header lines (folded ones begin with a blank), a
// body.
struct Spelled {
    std::string text;
    std::vector<std::pair<std::string, std::string>> lines;
    std::string method, path, query, body;

    explicit Spelled(std::string spelled) : text(std::move(spelled)) {
        const auto [head, rest] = split_head();
        body = rest;
        bool first = true;
        for (const std::string_view line : split(head, '\n')) {
            if (first)
                start(line);
            else if (line.starts_with(' ') || line.starts_with('\t'))
                lines.back().second += "\n" + std::string(line);
            else if (!line.empty())
                lines.emplace_back(split_once(line, ':'));
            first = false;
        }
    }
    std::pair<std::string_view, std::string> split_head() const {
        const size_t end = text.find("\n\n");
        if (end == std::string::npos) return {text, ""};
        return {std::string_view(text).substr(0, end), text.substr(end + 2)};
    }
    void start(std::string_view line) {
        const size_t space = line.find(' ');
        const size_t last = line.rfind(' ');
        method = line.substr(0, space);
        const auto [before, after] = split_once(line.substr(space + 1, last - space - 1), '?');
        path = before;
        query = after;
    }
    Request request() const {
        Request out{method, path, query, {}};
        for (const auto& [name, value] : lines) out.headers.emplace_back(name, value);
        return out;
    }
};

static bool context_says(const std::string& context, std::string_view what) {
    return context.find(what) != std::string::npos;
}

class SigV4Vectors : public testing::TestWithParam<fs::path> {};

TEST_P(SigV4Vectors, BothFormsHold) {
    const std::string context = read(GetParam() / "context.json");
    const bool normalize = context_says(context, "\"normalize\": true");
    const std::string secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const Time now = *parse_iso8601("2015-08-30T12:36:00Z");
    for (const std::string form : {"header", "query"}) {
        const Spelled spelled(read(GetParam() / (form + "-signed-request.txt")));
        const Request request = spelled.request();
        ASSERT_EQ(form_of(request), form == "header" ? Form::header : Form::query);
        const auto claim = parse(request);
        ASSERT_TRUE(claim) << claim.error().message;
        EXPECT_EQ(claim->access_key_id, "AKIDEXAMPLE");
        const std::string hash =
            sha256_hex(form == "header" || spelled.method == "POST" ? spelled.body : "");
        // A token that the signer left out of the signature is none of ours to check here.
        if (context_says(context, "\"omit_session_token\": true")) continue;
        EXPECT_EQ(canonical_request(request, *claim, hash, normalize),
                  read(GetParam() / (form + "-canonical-request.txt")));
        const Status held = verify(request, *claim, secret, hash, normalize, now);
        EXPECT_TRUE(held) << held.error().message;
        EXPECT_EQ(verify(request, *claim, secret + "x", hash, normalize, now).error().code,
                  "SignatureDoesNotMatch");
        EXPECT_FALSE(verify(request, *claim, secret, sha256_hex("another body"), normalize, now));
        EXPECT_FALSE(verify(request, *claim, secret, hash, normalize, now + 2h));
    }
}

static std::vector<fs::path> vectors() {
    std::vector<fs::path> out;
    for (const char* root : {"../shared/vectors/sigv4", "../../../shared/vectors/sigv4"}) {
        if (!out.empty() || !fs::is_directory(root)) continue;
        for (const auto& entry : fs::directory_iterator(root))
            out.push_back(fs::absolute(entry.path()));
    }
    std::sort(out.begin(), out.end());
    return out;
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(SigV4Vectors);
INSTANTIATE_TEST_SUITE_P(Suite, SigV4Vectors, testing::ValuesIn(vectors()), [](const auto& info) {
    return replace_all(info.param.filename().string(), "-", "_");
});

static std::string sign(const Headers& headers) {
    return authorization({"POST", "/", "", headers}, "AKID", "secret", "us-east-1", "sqs",
                         "20261122T003607Z", sha256_hex("body"), true);
}

TEST(SigV4, WhatWeSignVerifiesAndTamperingDoesNot) {
    const Time now = *parse_iso8601("20261122T003607Z");
    Headers headers = {{"host", "sqs.us-east-1.amazonaws.com"}, {"x-amz-date", "20261122T003607Z"}};
    const std::string value = sign(headers);
    headers.emplace_back("Authorization", value);
    const Request request{"POST", "/", "", headers};
    const auto claim = parse(request);
    ASSERT_TRUE(claim);
    EXPECT_TRUE(verify(request, *claim, "secret", sha256_hex("body"), true, now));
    EXPECT_FALSE(
        verify({"GET", "/", "", headers}, *claim, "secret", sha256_hex("body"), true, now));
    EXPECT_FALSE(
        verify({"POST", "/", "a=b", headers}, *claim, "secret", sha256_hex("body"), true, now));
    Headers more = headers;
    more.emplace_back("x-amz-copy-source", "stolen");
    EXPECT_EQ(verify({"POST", "/", "", more}, *claim, "secret", sha256_hex("body"), true, now)
                  .error()
                  .code,
              "AccessDenied");
    EXPECT_EQ(verify(request, *claim, "secret", sha256_hex("body"), true, now + 16min).error().code,
              "RequestTimeTooSkewed");
}

TEST(SigV4, NamesWhatIsMissing) {
    const auto code = [](std::string_view authorization, std::string_view date) {
        Headers headers = {{"host", "x"}, {"authorization", authorization}};
        if (!date.empty()) headers.emplace_back("x-amz-date", date);
        const auto claim = parse({"GET", "/", "", headers});
        return claim ? std::string("none") : claim.error().code;
    };
    const char* const whole =
        "AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host, Signature=ab";
    EXPECT_EQ(code(whole, "20150830T123600Z"), "none");
    EXPECT_EQ(code(whole, ""), "IncompleteSignature");
    EXPECT_EQ(code(whole, "tomorrow"), "IncompleteSignature");
    EXPECT_EQ(code(whole, "20150831T123600Z"), "SignatureDoesNotMatch");
    EXPECT_EQ(code("AWS4-HMAC-SHA256 Credential=A/r/s, SignedHeaders=host, Signature=ab",
                   "20150830T123600Z"),
              "IncompleteSignature");
    EXPECT_EQ(code("AWS4-HMAC-SHA256 SignedHeaders=host, Signature=ab", "20150830T123600Z"),
              "IncompleteSignature");
    EXPECT_EQ(code("AWS4-HMAC-SHA256 Credential=A/20150830/r/s/aws4_request, SignedHeaders=host",
                   "20150830T123600Z"),
              "IncompleteSignature");
}

}  // namespace unkai::aws::sigv4
