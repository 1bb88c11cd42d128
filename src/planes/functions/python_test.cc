// Python functions for real: needs root, runc or crun, /usr/bin/python3.11.
#include <regex>

#include "planes/functions/plane_test.h"

namespace unkai::planes::functions {
namespace {

using PythonFunctionTest = PlaneTest;

TEST_F(PythonFunctionTest, AnswersAndStaysWarm) {
    const auto spec = function("echo", {{"app.py", R"(
import os
calls = 0
print("loaded")
def handler(event, context):
    global calls
    calls += 1
    print("called", event["n"])
    return {"calls": calls, "n": event["n"], "name": context.function_name,
            "key": os.environ["AWS_ACCESS_KEY_ID"], "user": os.environ["MINE"],
            "id": context.aws_request_id, "memory": context.memory_limit_in_mb,
            "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis()}
)"}});
    spec->environment = {{"MINE", "it's \"so\""}};
    const Outcome first = invoke(spec, R"({"n":1})");
    EXPECT_EQ(first.kind, Outcome::Kind::response) << first.payload;
    EXPECT_TRUE(first.cold);
    ASSERT_TRUE(first.init_duration);
    EXPECT_EQ(member_of(first.payload, "name"), "echo");
    EXPECT_EQ(member_of(first.payload, "user"), "it's \"so\"");
    EXPECT_EQ(member_of(first.payload, "memory"), "256");
    EXPECT_EQ(member_of(first.payload, "key"), "key-" + first.environment.substr(0, 4));
    const Outcome second = invoke(spec, R"({"n":2})");
    EXPECT_FALSE(second.cold);
    EXPECT_EQ(second.environment, first.environment);
    EXPECT_NE(second.payload.find("\"calls\": 2"), std::string::npos) << second.payload;
    const std::regex tail(
        "START RequestId: 8476a536-\\S+ Version: \\$LATEST\ncalled 2\n"
        "END RequestId: 8476a536-\\S+\nREPORT RequestId: 8476a536-\\S+\tDuration: [0-9.]+ ms\t"
        "Billed Duration: [0-9]+ ms\tMemory Size: 256 MB\tMax Memory Used: [0-9]+ MB\t\n");
    EXPECT_TRUE(std::regex_match(second.log_tail, tail)) << second.log_tail;
    EXPECT_TRUE(grants->log->all.starts_with("loaded\nSTART RequestId")) << grants->log->all;
    EXPECT_GT(second.max_memory_mib, 0);
}

TEST_F(PythonFunctionTest, HandlerThatCannotBeLoaded) {
    struct Case {
        const char* handler;
        const char* type;
        const char* message;
    };
    const Case cases[] = {
        {"nothere.handler", "Runtime.ImportModuleError",
         "Unable to import module 'nothere': No module named 'nothere'"},
        {"app.missing", "Runtime.HandlerNotFound", "Handler 'missing' missing on module 'app'"},
        {"app", "Runtime.MalformedHandlerName",
         "Bad handler 'app': not enough values to unpack (expected 2, got 1)"},
        {"sys.exit", "Runtime.BuiltInModuleConflict",
         "Cannot use built-in module sys as a handler module"},
        {"broken.handler", "Runtime.UserCodeSyntaxError",
         "Syntax error in module 'broken': '(' was never closed (broken.py, line 1)"},
        {"raises.handler", "KeyError", "'gone'"}};
    for (const Case& one : cases) {
        const auto spec = function("load",
                                   {{"app.py", "x = 1\n"},
                                    {"broken.py", "print(\n"},
                                    {"raises.py", "raise KeyError('gone')\n"}},
                                   "python3.11", one.handler);
        spec->id = std::string("load-") + one.handler;
        const Outcome outcome = invoke(spec);
        EXPECT_EQ(outcome.kind, Outcome::Kind::init_error) << one.handler;
        EXPECT_EQ(outcome.error_type, one.type);
        EXPECT_EQ(member_of(outcome.payload, "errorType"), one.type);
        EXPECT_EQ(member_of(outcome.payload, "errorMessage"), one.message);
        EXPECT_NE(outcome.log_tail.find(std::string("[ERROR] ") + one.type + ": " + one.message),
                  std::string::npos)
            << outcome.log_tail;
    }
}

TEST_F(PythonFunctionTest, ErrorsOfTheHandler) {
    const auto spec = function("errors", {{"app.py", R"(
import logging, decimal
log = logging.getLogger()
log.setLevel("INFO")
class Own(Exception): pass
def deeper(): raise Own("no\nway")
def handler(event, context):
    if event == "set": return {1, 2}
    if event == "decimal": return {"d": decimal.Decimal("1.5")}
    if event == "log":
        log.info("two\nlines")
        return None
    if event == "large": return "x" * (6 * 1024 * 1024 + 200)
    deeper()
)"}});
    Outcome out = invoke(spec, "\"own\"");
    EXPECT_EQ(out.kind, Outcome::Kind::function_error);
    EXPECT_EQ(member_of(out.payload, "errorType"), "Own");
    EXPECT_EQ(member_of(out.payload, "errorMessage"), "no\nway");
    EXPECT_EQ(member_of(out.payload, "requestId"), "8476a536-e9f4-11e8-9739-2dfe598c3fcd");
    const auto document = wire::Json::parse(out.payload);
    ASSERT_TRUE(document);
    ASSERT_EQ((*document)["stackTrace"].size(), 2u) << out.payload;
    EXPECT_EQ((*document)["stackTrace"].as_array()[1].string_or(""),
              "  File \"/var/task/app.py\", line 6, in deeper\n"
              "    def deeper(): raise Own(\"no\\nway\")\n");
    EXPECT_NE(out.log_tail.find("[ERROR] Own: no\nway\nTraceback (most recent call last):\n"),
              std::string::npos)
        << out.log_tail;
    out = invoke(spec, "\"set\"");
    EXPECT_EQ(member_of(out.payload, "errorType"), "Runtime.MarshalError");
    EXPECT_EQ(member_of(out.payload, "errorMessage"),
              "Unable to marshal response: Object of type set is not JSON serializable");
    EXPECT_EQ(invoke(spec, "\"decimal\"").payload, "{\"d\": 1.5}");
    out = invoke(spec, "\"log\"");
    EXPECT_EQ(out.payload, "null");
    const std::regex record(
        "[^]*\\[INFO\\]\t\\d{4}-\\d\\d-\\d\\dT[0-9:]{8}\\.\\d{3}Z\t8476a536-\\S+\ttwo\nlines\n[^]"
        "*");
    EXPECT_TRUE(std::regex_match(out.log_tail, record)) << out.log_tail;
    out = invoke(spec, "\"large\"");
    EXPECT_EQ(member_of(out.payload, "errorType"), "Function.ResponseSizeTooLarge");
    EXPECT_FALSE(out.cold);
    out = invoke(spec, "not json");
    EXPECT_EQ(member_of(out.payload, "errorType"), "Runtime.UnmarshalError");
}

TEST_F(PythonFunctionTest, LayersMergeAndLaterOnesWin) {
    const auto spec = function("layers", {{"app.py", R"(
import shared, only_first, sys
def handler(event, context):
    return [shared.value, only_first.value, open("/opt/data.txt").read()]
)"}});
    spec->layers = {
        write_folder("layer1", {{"python/shared.py", "value = 1"},
                                {"python/only_first.py", "value = 'first'"},
                                {"data.txt", "one"}}),
        write_folder("layer2", {{"python/shared.py", "value = 2"}, {"data.txt", "two"}})};
    EXPECT_EQ(invoke(spec).payload, R"([2, "first", "two"])");
    spec->layers.pop_back();
    spec->revision = "2";
    EXPECT_EQ(invoke(spec).payload, R"([1, "first", "one"])");
}

TEST_F(PythonFunctionTest, StartsAnewForWhatIsReadAtStart) {
    const auto spec = function("restart", {{"app.py", R"(
import os, sys
def handler(event, context):
    return [sys.flags.hash_randomization, sys.flags.optimize, os.environ.get("WRAPPED")]
)"},
                                           {"wrap.sh", R"(#!/bin/sh
export WRAPPED=yes
exec "$@"
)"}});
    spec->environment = {{"PYTHONHASHSEED", "0"}, {"PYTHONOPTIMIZE", "1"}};
    EXPECT_EQ(invoke(spec).payload, "[0, 1, null]");
    spec->environment = {{"AWS_LAMBDA_EXEC_WRAPPER", "/var/task/wrap.sh"}};
    spec->revision = "2";
    EXPECT_EQ(invoke(spec).payload, "[1, 0, \"yes\"]");
}

}  // namespace
}  // namespace unkai::planes::functions
