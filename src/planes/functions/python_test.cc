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

}  // namespace
}  // namespace unkai::planes::functions
