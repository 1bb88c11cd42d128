// The rules of Lambda that need no world: names, filters, batches, URLs, packages.
#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "services/lambda/batch.h"
#include "services/lambda/destinations.h"
#include "services/lambda/event_queue.h"
#include "services/lambda/limits.h"
#include "services/lambda/names.h"
#include "services/lambda/package.h"
#include "services/lambda/permission.h"
#include "services/lambda/settings.h"
#include "services/lambda/url_event.h"

namespace unkai::services::lambda {
namespace {

using namespace std::chrono_literals;
using wire::Json;

const Place here{"123456789012", "us-east-1"};

TEST(LambdaNames, AreReadInEachForm) {
    const struct {
        const char* text;
        const char* qualifier;
        const char* name;
        const char* found;
    } rows[] = {
        {"f", nullptr, "f", ""},
        {"f:live", nullptr, "f", "live"},
        {"f", "7", "f", "7"},
        {"f:7", "7", "f", "7"},
        {"123456789012:function:f", nullptr, "f", ""},
        {"function:f:2", nullptr, "f", "2"},
        {"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST", nullptr, "f", "$LATEST"},
    };
    for (const auto& row : rows) {
        const auto name = parse_function(
            here, row.text,
            row.qualifier ? std::optional<std::string>(row.qualifier) : std::nullopt);
        ASSERT_TRUE(name) << row.text;
        EXPECT_EQ(name->name, row.name);
        EXPECT_EQ(name->qualifier, row.found);
    }
    EXPECT_TRUE(parse_function(here, "f:1", "2").error().is("InvalidParameterValueException"));
    EXPECT_TRUE(parse_function(here, "arn:aws:lambda:eu-west-1:123456789012:function:f")
                    .error()
                    .is("ResourceNotFoundException"));
    EXPECT_EQ(version_number("$LATEST"), 0);
    EXPECT_EQ(version_number("12"), 12);
    EXPECT_EQ(version_number("live"), std::nullopt);
    EXPECT_EQ(parse_layer(here, "arn:aws:lambda:us-east-1:123456789012:layer:l:3")->version, 3);
    EXPECT_FALSE(parse_layer(here, "arn:aws:s3:::b"));
}

TEST(LambdaFilters, FollowTheDocumentation) {
    const struct {
        const char* pattern;
        const char* event;
        bool matches;
    } rows[] = {
        {R"({"a":["x"]})", R"({"a":"x"})", true},
        {R"({"a":["x"]})", R"({"a":["y","x"]})", true},
        {R"({"a":["x"]})", R"({"b":"x"})", false},
        {R"({"a":[null]})", R"({"a":null})", true},
        {R"({"a":[1]})", R"({"a":1.0})", true},
        {R"({"a":[{"prefix":"x"}]})", R"({"a":"xyz"})", true},
        {R"({"a":[{"suffix":"x"}]})", R"({"a":"xyz"})", false},
        {R"({"a":[{"equals-ignore-case":"x"}]})", R"({"a":"X"})", true},
        {R"({"a":[{"anything-but":["x","y"]}]})", R"({"a":"z"})", true},
        {R"({"a":[{"anything-but":"x"}]})", R"({"a":"x"})", false},
        {R"({"a":[{"anything-but":{"prefix":"x"}}]})", R"({"a":"xy"})", false},
        {R"({"a":[{"numeric":[">",10,"<=",20]}]})", R"({"a":20})", true},
        {R"({"a":[{"numeric":[">",10]}]})", R"({"a":10})", false},
        {R"({"a":[{"exists":false}]})", R"({"b":1})", true},
        {R"({"a":[{"exists":true}]})", R"({"b":1})", false},
        {R"({"a":{"b":["x"]}})", R"({"a":{"b":"x"}})", true},
        {R"({"a":{"b":["x"]}})", R"({"a":"b"})", false},
        {R"({"$or":[{"a":["x"]},{"b":["y"]}]})", R"({"b":"y"})", true},
        {R"({"$or":[{"a":["x"]},{"b":["y"]}]})", R"({"b":"x"})", false},
    };
    for (const auto& row : rows) {
        const auto pattern = parse_filter(row.pattern);
        ASSERT_TRUE(pattern) << row.pattern;
        EXPECT_EQ(filter_matches(*pattern, *Json::parse(row.event)), row.matches)
            << row.pattern << " " << row.event;
    }
    for (const char* bad : {"", "[]", "{}", R"({"a":"x"})", R"({"a":[{"numeric":["~",1]}]})",
                            R"({"a":[{"nope":1}]})", R"({"a":[["x"]]})", R"({"$or":[]})"})
        EXPECT_FALSE(parse_filter(bad)) << bad;
}

TEST(LambdaBatches, SayWhichItemsFailed) {
    std::vector<QueueMessage> messages(2);
    messages[0].message_id = "a";
    messages[1].message_id = "b";
    const std::set<std::string> none, b{"b"};
    EXPECT_EQ(failed_items("null", messages), none);
    EXPECT_EQ(failed_items("{}", messages), none);
    EXPECT_EQ(failed_items(R"({"batchItemFailures":[]})", messages), none);
    EXPECT_EQ(failed_items(R"({"batchItemFailures":[{"itemIdentifier":"b"}]})", messages), b);
    for (const char* all : {R"({"batchItemFailures":[{"itemIdentifier":""}]})",
                            R"({"batchItemFailures":[{"itemIdentifier":null}]})",
                            R"({"batchItemFailures":[{"itemIdentifier":"c"}]})",
                            R"({"batchItemFailures":[{"other":"a"}]})", "no json"})
        EXPECT_EQ(failed_items(all, messages), std::nullopt) << all;
    messages[0].body = R"({"kind":"order"})";
    messages[1].body = "text";
    const std::string arn = "arn:aws:sqs:us-east-1:123456789012:q";
    const std::vector<Json> json{*parse_filter(R"({"body":{"kind":["order"]}})")};
    EXPECT_TRUE(filters_match(json, messages[0], arn));
    EXPECT_FALSE(filters_match(json, messages[1], arn));
    EXPECT_TRUE(filters_match({*parse_filter(R"({"body":["text"]})")}, messages[1], arn));
    EXPECT_TRUE(filters_match({}, messages[1], arn));
    const Json event = *Json::parse(batch_event(messages, arn));
    EXPECT_EQ(event["Records"][0]["eventSource"].string_or(""), "aws:sqs");
    EXPECT_EQ(event["Records"][1]["body"].string_or(""), "text");
    EXPECT_EQ(event["Records"][1]["awsRegion"].string_or(""), "us-east-1");
}

TEST(LambdaSettings, CheckTheEnvironment) {
    EXPECT_TRUE(check_environment({{"NAME", std::string(4092, 'x')}}));
    EXPECT_FALSE(check_environment({{"NAME", std::string(4093, 'x')}}));
    EXPECT_FALSE(check_environment({{"AWS_SECRET_ACCESS_KEY", "x"}}));
    EXPECT_FALSE(check_environment({{"1A", "x"}}));
    EXPECT_TRUE(check_environment({{"AWS_ENDPOINT_URL", "x"}}));
    EXPECT_EQ(lambda_date(from_seconds(1767225600.123)), "2026-01-01T00:00:00.123+0000");
}

TEST(LambdaRetries, PauseAsAwsDoes) {
    EXPECT_EQ(retry_pause(1), Duration(1min));
    EXPECT_EQ(retry_pause(2), Duration(2min));
    EXPECT_EQ(refusal_pause(1), Duration(1s));
    EXPECT_EQ(refusal_pause(4), Duration(8s));
    EXPECT_EQ(refusal_pause(100), Duration(5min));
}

aws::Principal service(const std::string& name, const std::string& source) {
    aws::Principal out;
    out.kind = aws::Principal::Kind::service;
    out.account = here.account;
    out.arn = source;
    out.service = name;
    return out;
}

TEST(LambdaPermissions, ServicesNeedAStatement) {
    model::AddPermissionInput in;
    in.statement_id = "s";
    in.action = "lambda:InvokeFunction";
    in.principal = "sns.amazonaws.com";
    in.source_arn = "arn:aws:sns:us-east-1:123456789012:topic";
    const std::string arn = function_arn(here, "f");
    StoredPolicy stored;
    stored.statements = {make_statement(in, arn)->dump()};
    const Json policy =
        Json::object({{"Version", "2012-10-17"},
                      {"Statement", Json::array({*Json::parse(stored.statements[0])})}});
    const auto ask = [&](const aws::Principal& who, const Json* document) {
        return may_invoke(document, {who, "lambda:InvokeFunction", arn, here.account, ""})
            .has_value();
    };
    EXPECT_TRUE(ask(service("sns.amazonaws.com", *in.source_arn), &policy));
    EXPECT_FALSE(ask(service("sns.amazonaws.com", *in.source_arn + "2"), &policy));
    EXPECT_FALSE(ask(service("events.amazonaws.com", *in.source_arn), &policy));
    EXPECT_FALSE(ask(service("sns.amazonaws.com", *in.source_arn), nullptr));
    EXPECT_TRUE(ask(service("scheduler.amazonaws.com", ""), nullptr));
    aws::Principal ada;
    ada.kind = aws::Principal::Kind::user;
    ada.account = here.account;
    EXPECT_TRUE(ask(ada, nullptr));
    ada.account = "210987654321";
    EXPECT_FALSE(ask(ada, nullptr));
    EXPECT_FALSE(ask(aws::Principal{}, nullptr));
    in.principal = "nonsense";
    EXPECT_FALSE(make_statement(in, arn));
}

TEST(LambdaUrls, EventsAndAnswers) {
    wire::Headers headers{{"Host", "h"},
                          {"Cookie", "a=1; b=2"},
                          {"X-Two", "1"},
                          {"x-two", "2"},
                          {"content-type", "application/octet-stream"}};
    const UrlRequest request{"POST",
                             "/a%20b",
                             "x=1&x=2&y=%C3%A9",
                             headers,
                             std::string("\xff\x00", 2),
                             "1.2.3.4",
                             "h",
                             "HTTP/1.1",
                             "r",
                             "id",
                             "123",
                             {},
                             {}};
    const Json event = *Json::parse(url_event(request));
    EXPECT_EQ(event["rawPath"].string_or(""), "/a b");
    EXPECT_EQ(event["rawQueryString"].string_or(""), "x=1&x=2&y=%C3%A9");
    EXPECT_EQ(event["queryStringParameters"]["x"].string_or(""), "1,2");
    EXPECT_EQ(event["queryStringParameters"]["y"].string_or(""), "é");
    EXPECT_EQ(event["cookies"].dump(), R"(["a=1","b=2"])");
    EXPECT_EQ(event["headers"]["x-two"].string_or(""), "1, 2");
    EXPECT_EQ(event["body"].string_or(""), "/wA=");
    EXPECT_TRUE(event["isBase64Encoded"].bool_or(false));

    EXPECT_EQ(url_answer(R"({"a":1})")->body, R"({"a":1})");
    EXPECT_EQ(url_answer(R"("hello")")->body, "hello");
    const auto answer = url_answer(
        R"({"statusCode":404,"headers":{"X-A":"b"},"cookies":["c=1"],"body":"/wA=","isBase64Encoded":true})");
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 404);
    EXPECT_EQ(answer->body, std::string("\xff\x00", 2));
    EXPECT_FALSE(url_answer(R"({"statusCode":"x"})"));
    EXPECT_FALSE(url_answer(R"({"statusCode":200,"headers":{"a":"b\r\nc"}})"));
    EXPECT_FALSE(url_answer("{"));

    model::Cors cors;
    cors.allow_origins = {"https://*.example"};
    cors.allow_methods = {"GET"};
    EXPECT_TRUE(cors_headers(cors, "https://evil.test", true).empty());
    EXPECT_EQ(cors_headers(cors, "https://a.example", false).size(), 2u);
    EXPECT_EQ(cors_headers(cors, "https://a.example", true).size(), 3u);
}

TEST(LambdaRecords, TellWhatHappened) {
    InvocationRecord record{from_seconds(0), "r", "arn", "RetriesExhausted", 3, R"({"n":1})", {}};
    record.last.emplace();
    record.last->executed_version = "2";
    record.last->outcome.kind = planes::functions::Outcome::Kind::function_error;
    record.last->outcome.payload = R"({"errorMessage":"no"})";
    const Json out = *Json::parse(record_document(record));
    EXPECT_EQ(out["requestContext"]["approximateInvokeCount"].int_or(0), 3);
    EXPECT_EQ(out["responseContext"]["functionError"].string_or(""), "Unhandled");
    EXPECT_EQ(out["responsePayload"]["errorMessage"].string_or(""), "no");
    EXPECT_EQ(out["requestPayload"]["n"].int_or(0), 1);
    EXPECT_TRUE(
        check_destination("arn:aws:sqs:us-east-1:1:q", "arn:aws:lambda:us-east-1:1:function:f"));
    EXPECT_FALSE(check_destination("arn:aws:s3:::b", "f"));
    EXPECT_FALSE(check_destination("arn:aws:sqs:us-east-1:1:q.fifo", "f"));
}

// A zip with entries that a careful tool would not make.
class ZipFile {
public:
    ZipFile()
        : folder_(std::filesystem::temp_directory_path() /
                  ("lambda-zip-" + std::to_string(::getpid()))) {
        std::filesystem::create_directories(folder_ / "out");
        archive_ = ::archive_write_new();
        ::archive_write_set_format_zip(archive_);
        ::archive_write_open_filename(archive_, path().c_str());
    }
    ~ZipFile() {
        ::archive_write_free(archive_);
        std::filesystem::remove_all(folder_);
    }
    std::string path() const { return folder_ / "in.zip"; }
    std::filesystem::path out() const { return folder_ / "out"; }
    void add(const char* name, const std::string& bytes, unsigned mode = 0600,
             const char* link = nullptr) {
        archive_entry* const entry = ::archive_entry_new();
        ::archive_entry_set_pathname(entry, name);
        ::archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
        ::archive_entry_set_perm(entry, mode);
        if (link) ::archive_entry_set_symlink(entry, link);
        ::archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
        ::archive_write_header(archive_, entry);
        ::archive_write_data(archive_, bytes.data(), bytes.size());
        ::archive_entry_free(entry);
    }
    Result<int64_t> unpack(int64_t most = limits::unzipped_bytes) {
        ::archive_write_close(archive_);
        return unpack_zip(path(), out(), most);
    }

private:
    std::filesystem::path folder_;
    archive* archive_;
};

TEST(LambdaPackages, AreUnpackedForEverybodyToRead) {
    ZipFile zip;
    zip.add("deep/er/app.py", "x = 1\n");
    zip.add("bootstrap", "#!/bin/sh\n", 0700);
    zip.add("link", "", 0777, "bootstrap");
    const auto size = zip.unpack();
    ASSERT_TRUE(size) << size.error().message;
    EXPECT_EQ(*size, 16);
    struct stat info{};
    ASSERT_EQ(::stat((zip.out() / "deep/er/app.py").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0644u);
    ASSERT_EQ(::stat((zip.out() / "bootstrap").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0755u);
    EXPECT_EQ(std::filesystem::read_symlink(zip.out() / "link"), "bootstrap");
}

TEST(LambdaPackages, StayInsideTheirFolder) {
    for (const char* name : {"../out.py", "/etc/out.py", "a/../../out.py"}) {
        ZipFile zip;
        zip.add(name, "x");
        EXPECT_FALSE(zip.unpack()) << name;
        EXPECT_TRUE(std::filesystem::is_empty(zip.out())) << name;
    }
    ZipFile zip;
    zip.add("way", "", 0777, "/tmp");
    zip.add("way/out-of-lambda.py", "x");
    EXPECT_FALSE(zip.unpack());
    EXPECT_FALSE(std::filesystem::exists("/tmp/out-of-lambda.py"));
}

TEST(LambdaPackages, HaveALimit) {
    ZipFile zip;
    zip.add("big", std::string(1 << 20, '\0'));
    const auto size = zip.unpack(1000);
    ASSERT_FALSE(size);
    EXPECT_EQ(size.error().message, "Unzipped size must be smaller than 262144000 bytes");
    ZipFile none;
    std::ofstream(none.path()) << "no zip at all";
    EXPECT_FALSE(unpack_zip(none.path(), none.out(), 1000));
}

}  // namespace
}  // namespace unkai::services::lambda
