#include <gtest/gtest.h>

#include "planes/gateway/event.h"
#include "planes/gateway/gateway.h"
#include "planes/gateway/json_path.h"
#include "planes/gateway/mapping.h"
#include "planes/gateway/match.h"
#include "planes/gateway/vtl.h"

namespace unkai::planes::gateway {

namespace {

using wire::Json;

Route route_at(std::string method, std::string path) {
    Route out{.id = path, .key = method + " " + path, .resource = path, .method = method};
    out.path = *parse_path(path);
    return out;
}

TEST(GatewayMatch, PathsParse) {
    EXPECT_EQ(parse_path("/a/{b}/{c+}")->size(), 3u);
    EXPECT_TRUE(parse_path("/")->empty());
    for (const char* bad : {"/{a+}/b", "/a{b}", "/{}", "/a//b", "/{a"})
        EXPECT_EQ(parse_path(bad).error().code, "BadRequestException") << bad;
}

TEST(GatewayMatch, TheMostLiteralResourceOfARestApiWins) {
    Content content;
    for (const auto& [method, path] :
         std::vector<std::pair<const char*, const char*>>{{"GET", "/"},
                                                          {"GET", "/pets"},
                                                          {"GET", "/pets/{id}"},
                                                          {"POST", "/pets/new"},
                                                          {"ANY", "/{proxy+}"}})
        content.routes.push_back(route_at(method, path));
    const struct {
        const char *method, *path, *resource;
    } cases[] = {
        {"GET", "/", "/"},
        {"GET", "/pets", "/pets"},
        {"GET", "/pets/", "/pets"},
        {"GET", "/pets/7", "/pets/{id}"},
        {"POST", "/pets/new", "/pets/new"},
        {"GET", "/pets/new", ""},  // The more literal resource has no GET.
        {"DELETE", "/pets/7", ""},
        {"PATCH", "/a/b/c", "/{proxy+}"},
    };
    for (const auto& one : cases) {
        const Match match = match_rest(content, one.method, one.path);
        EXPECT_EQ(match.route == nullptr ? "" : match.route->resource, one.resource)
            << one.method << one.path;
    }
    EXPECT_EQ(match_rest(content, "GET", "/pets/a%20b").variables.at("id"), "a b");
    EXPECT_EQ(match_rest(content, "GET", "/a/b%2Fc").variables.at("proxy"), "a/b/c");
}

TEST(GatewayMatch, HttpApisFallBackByMethodGreedyAndDefault) {
    Content content;
    for (const auto& [method, path] :
         std::vector<std::pair<const char*, const char*>>{{"GET", "/pets/dog/1"},
                                                          {"GET", "/pets/dog/{id}"},
                                                          {"GET", "/pets/{proxy+}"},
                                                          {"ANY", "/{proxy+}"}})
        content.routes.push_back(route_at(method, path));
    Route fallback{.key = "$default"};
    fallback.is_default = true;
    content.routes.push_back(fallback);
    const struct {
        const char *method, *path, *key;
    } cases[] = {
        {"GET", "/pets/dog/1", "GET /pets/dog/1"},    {"GET", "/pets/dog/2", "GET /pets/dog/{id}"},
        {"GET", "/pets/cat/1", "GET /pets/{proxy+}"}, {"POST", "/test/5", "ANY /{proxy+}"},
        {"POST", "/pets/dog/1", "ANY /{proxy+}"},     {"GET", "/", "$default"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(match_http(content, one.method, one.path).route->key, one.key) << one.path;
}

TEST(GatewayMatch, MappingsBinaryTypesAndStageVariables) {
    const Domain domain{"api.test", {{"", "a", "s"}, {"v1", "b", "s"}, {"v1/x", "c", "s"}}};
    EXPECT_EQ(match_mapping(domain, "/v1/x/y")->api, "c");
    EXPECT_EQ(match_mapping(domain, "/v1/xy")->api, "b");
    EXPECT_EQ(match_mapping(domain, "/v1")->api, "b");
    EXPECT_EQ(match_mapping(domain, "/v12")->api, "a");
    EXPECT_TRUE(is_binary_type({"image/*"}, "image/png"));
    EXPECT_FALSE(is_binary_type({"image/png"}, "image/gif"));
    EXPECT_TRUE(is_binary_type({"*/*"}, "text/html"));
    EXPECT_TRUE(is_text_type("application/vnd.api+json"));
    EXPECT_FALSE(is_text_type("application/x-www-form-urlencoded"));
    EXPECT_EQ(with_stage_variables("http://${stageVariables.host}/${stageVariables.no}",
                                   {{"host", "a.test"}}),
              "http://a.test/");
}

TEST(GatewayThrottle, BucketsFillByTheClock) {
    TokenBucket bucket;
    const ThrottleLimit limit{10, 2};
    Steady now{};
    EXPECT_TRUE(bucket.take(limit, now));
    EXPECT_TRUE(bucket.take(limit, now));
    EXPECT_FALSE(bucket.take(limit, now));
    EXPECT_TRUE(bucket.take(limit, now + 100ms));
    EXPECT_FALSE(bucket.take(limit, now + 150ms));
    EXPECT_TRUE(TokenBucket().take({}, now));
    EXPECT_FALSE(TokenBucket().take({0, 0}, now));
}

struct Fixture {
    Fixture() {
        api.id = "abc";
        api.account = "123456789012";
        api.region = "us-east-1";
        stage.name = "prod";
        stage.variables = {{"colour", "blue"}};
        route = route_at("GET", "/pets/{id}");
        turn.in = &in;
        turn.api = &api;
        turn.stage = &stage;
        turn.route = &route;
        turn.path = "/pets/7";
        turn.full_path = "/prod/pets/7";
        turn.path_variables = {{"id", "7"}};
        in.method = "GET";
        in.source_ip = "192.0.2.7";
        in.headers = {{"X-Name", "Ada"}, {"Accept", "a"}, {"accept", "b"}};
        in.query = "q=1&q=2&r=%C3%A4";
        turn.query = parse_query(in.query);
        turn.now = from_seconds(1428582896);
        turn.request_id = "r-1";
        content = std::make_shared<Content>();
        stage.content = content;
    }
    std::string render(std::string_view text, std::string_view body = "") {
        auto out = render_template(text, {turn, body, &overrides});
        return out ? *out : "error: " + out.error().message;
    }
    Api api;
    Stage stage;
    Route route;
    Incoming in;
    Turn turn;
    std::shared_ptr<Content> content;
    std::map<std::string, std::string> overrides;
};

TEST(GatewayTemplates, Render) {
    Fixture f;
    const char* const body = R"({"name":"Ada","list":[1,2,3],"o":{"a":"b"}})";
    const struct {
        const char *text, *out;
    } cases[] = {
        {"plain $5 #fff", "plain $5 #fff"},
        {"$input.body", body},
        {"$input.json('$.name') $input.json('$.list')", "\"Ada\" [1,2,3]"},
        {"$input.path('$.name') $input.path('$.list[1]')", "Ada 2"},
        {"$input.params('id') $input.params('q') $input.params('X-Name')", "7 2 Ada"},
        {"$input.params().path.id", "7"},
        {"$context.httpMethod $context.stage $context.identity.sourceIp", "GET prod 192.0.2.7"},
        {"$stageVariables.colour ${stageVariables.colour}!", "blue blue!"},
        {"$unknown $!unknown", "$unknown "},
        {"#set($x = 3)#if($x > 2 && $x != 4)yes#{else}no#end", "yes"},
        {"#if($input.params('zz') == '')empty#elseif(true)b#end", "empty"},
        {"#foreach($i in $input.path('$.list'))$i#if($foreach.hasNext),#end#end", "1,2,3"},
        {"#set($m = {})#set($d = $m.put('a', 1))$m.a $m.size()", "1 1"},
        {"#set($s = \"a${stageVariables.colour}\")$s.toUpperCase()", "ABLUE"},
        {"#set($l = [1..3])$l.size() $l[2]", "3 3"},
        {"#set($t = 2 + 3 * 4)$t", "14"},
        {"$util.escapeJavaScript('a\"b')", "a\\\"b"},
        {"$util.base64Encode('hi') $util.urlEncode('a b')", "aGk= a%20b"},
        {"## a comment\nx#* y *#z", "xz"},
        {"#foreach($k in $input.path('$.o').keySet())$k=$input.path('$.o').get($k)#end", "a=b"},
    };
    for (const auto& one : cases) EXPECT_EQ(f.render(one.text, body), one.out) << one.text;
    f.render("#set($context.responseOverride.status = 418)");
    EXPECT_EQ(f.overrides["responseOverride.status"], "418");
}

TEST(GatewayTemplates, WhatCannotBeHadIsRefusedWithItsLine) {
    for (const char* bad : {"#if(true)x", "a\n#macro(x)y#end", "$input.nothing()", "#set(x = 1)",
                            "#end", "$util.unknown('a')", "#if(", "#set($a = 'x)"}) {
        const Status checked = check_template(bad);
        ASSERT_FALSE(checked.has_value()) << bad;
        EXPECT_EQ(checked.error().code, "BadRequestException") << bad;
    }
    EXPECT_NE(check_template("a\n#macro(x)y#end").error().message.find("line 2"),
              std::string::npos);
    EXPECT_TRUE(check_template("#set($r = $input.path('$'))#if($r.a.size() > 0)x#end"));
}

TEST(GatewaySchema, Fits) {
    const Json schema = *Json::parse(R"({"type":"object","required":["name"],"properties":{
        "name":{"type":"string","minLength":2,"pattern":"^[A-Z]"},
        "age":{"type":"integer","minimum":0},
        "tags":{"type":"array","items":{"type":"string"},"maxItems":2,"uniqueItems":true},
        "kind":{"enum":["cat","dog"]},
        "owner":{
        "$ref":"https://apigateway.amazonaws.com/restapis/a/models/Owner"}},
        "additionalProperties":false})");
    const std::map<std::string, Json> models = {
        {"Owner", *Json::parse(R"({"type":"object","required":["id"]})")}};
    const struct {
        const char* value;
        bool fits;
    } cases[] = {
        {R"({"name":"Ada"})", true},
        {R"({"name":"Ada","age":3,"tags":["a","b"],"kind":"cat","owner":{"id":1}})", true},
        {R"({})", false},
        {R"({"name":"A"})", false},
        {R"({"name":"ada"})", false},
        {R"({"name":"Ada","age":-1})", false},
        {R"({"name":"Ada","age":1.5})", false},
        {R"({"name":"Ada","tags":["a","a"]})", false},
        {R"({"name":"Ada","tags":[1]})", false},
        {R"({"name":"Ada","kind":"cow"})", false},
        {R"({"name":"Ada","owner":{}})", false},
        {R"({"name":"Ada","more":1})", false},
        {R"([])", false},
    };
    for (const auto& one : cases) {
        std::string why;
        EXPECT_EQ(fits_schema(*Json::parse(one.value), schema, models, why), one.fits)
            << one.value << why;
        EXPECT_EQ(why.empty(), one.fits);
    }
}

TEST(GatewayEvents, Format1HasEveryField) {
    Fixture f;
    f.in.body = "hello";
    const Json event = *Json::parse(proxy_event(f.turn, "1.0"));
    EXPECT_EQ(event["resource"].as_string(), "/pets/{id}");
    EXPECT_EQ(event["path"].as_string(), "/pets/7");
    EXPECT_EQ(event["headers"]["Accept"].as_string(), "b");
    EXPECT_EQ(event["multiValueHeaders"]["Accept"].size(), 2u);
    EXPECT_EQ(event["queryStringParameters"]["q"].as_string(), "2");
    EXPECT_EQ(event["multiValueQueryStringParameters"]["q"].size(), 2u);
    EXPECT_EQ(event["pathParameters"]["id"].as_string(), "7");
    EXPECT_EQ(event["stageVariables"]["colour"].as_string(), "blue");
    EXPECT_EQ(event["body"].as_string(), "hello");
    EXPECT_FALSE(event["isBase64Encoded"].as_bool());
    const Json& context = event["requestContext"];
    EXPECT_EQ(context["requestTime"].as_string(), "09/Apr/2015:12:34:56 +0000");
    EXPECT_EQ(context["requestTimeEpoch"].as_int(), 1428582896000);
    EXPECT_EQ(context["path"].as_string(), "/prod/pets/7");
    EXPECT_EQ(context["identity"]["sourceIp"].as_string(), "192.0.2.7");
    EXPECT_TRUE(context["identity"].find("userArn") != nullptr);
    f.content->binary_types = {"*/*"};
    const Json binary = *Json::parse(proxy_event(f.turn, "1.0"));
    EXPECT_EQ(binary["body"].as_string(), "aGVsbG8=");
    EXPECT_TRUE(binary["isBase64Encoded"].as_bool());
}

TEST(GatewayEvents, Format2JoinsHeadersAndTakesCookiesApart) {
    Fixture f;
    f.api.kind = Api::Kind::http;
    f.in.headers = {{"X-A", "1"}, {"x-a", "2"}, {"Cookie", "a=1; b=2"}};
    const Json event = *Json::parse(proxy_event(f.turn, "2.0"));
    EXPECT_EQ(event["version"].as_string(), "2.0");
    EXPECT_EQ(event["routeKey"].as_string(), "GET /pets/{id}");
    EXPECT_EQ(event["rawQueryString"].as_string(), "q=1&q=2&r=%C3%A4");
    EXPECT_EQ(event["headers"]["x-a"].as_string(), "1,2");
    EXPECT_EQ(event["cookies"].size(), 2u);
    EXPECT_EQ(event["queryStringParameters"]["q"].as_string(), "1,2");
    EXPECT_EQ(event["requestContext"]["http"]["method"].as_string(), "GET");
    EXPECT_TRUE(event.find("body") == nullptr);
    f.in.body = std::string("\x00\xff", 2);
    f.in.headers.emplace_back("content-type", "image/png");
    EXPECT_TRUE((*Json::parse(proxy_event(f.turn, "2.0")))["isBase64Encoded"].as_bool());
}

TEST(GatewayEvents, Answers) {
    const auto good = proxy_response(
        R"({"statusCode":201,"headers":{"A":"b","N":5},"multiValueHeaders":{"C":["1","2"]},"body":"aGk=","isBase64Encoded":true})",
        "1.0", true);
    EXPECT_EQ(good->status, 201);
    EXPECT_EQ(good->body, "hi");
    EXPECT_EQ(*good->header("n"), "5");
    EXPECT_EQ(good->headers.size(), 4u);
    EXPECT_EQ(
        proxy_response(R"({"statusCode":"200","body":"aGk=","isBase64Encoded":true})", "1.0", false)
            ->body,
        "aGk=");
    for (const char* bad :
         {"", "null", "\"text\"", "[]", "{}", R"({"body":"x"})", R"({"statusCode":"abc"})",
          R"({"statusCode":99})", R"({"statusCode":200,"body":{"a":1}})",
          R"({"statusCode":200,"headers":[]})", R"({"statusCode":200,"headers":{"a":{}}})",
          R"({"statusCode":200,"headers":{"a":"b\nc"}})",
          R"({"statusCode":200,"body":"%","isBase64Encoded":true})"})
        EXPECT_EQ(proxy_response(bad, "1.0", true).error().code, "Malformed") << bad;
    EXPECT_EQ(proxy_response(R"({"a":1})", "2.0", true)->body, R"({"a":1})");
    EXPECT_EQ(proxy_response(R"("plain")", "2.0", true)->body, "plain");
    EXPECT_EQ(proxy_response(R"({"statusCode":200,"cookies":["a=1","b=2"]})", "2.0", true)
                  ->headers.size(),
              2u);
}

TEST(GatewayMapping, LogsAndHeaders) {
    Fixture f;
    f.turn.status = 200;
    EXPECT_EQ(
        expand_log_format(
            f.turn, R"({"id":"$context.requestId","s":$context.status,"x":"$context.nothing"})"),
        R"({"id":"r-1","s":200,"x":"-"})");
    EXPECT_EQ(expand_log_format(f.turn, "$context.identity.sourceIp - $context.httpMethod."),
              "192.0.2.7 - GET.");
    Outgoing out;
    out.headers = {
        {"Server", "x"}, {"Date", "y"}, {"X-Own", "z"}, {"Transfer-Encoding", "chunked"}};
    remap_headers(out);
    EXPECT_EQ(out.headers.size(), 3u);
    EXPECT_NE(out.header("x-amzn-Remapped-Server"), nullptr);
    EXPECT_EQ(expand_http_value(f.turn, nullptr, "${request.path.id}-$request.header.x-name"),
              "7-Ada");
}

}  // namespace

}  // namespace unkai::planes::gateway
