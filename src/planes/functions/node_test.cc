// Node.js functions for real: needs root, runc or crun, and the Node.js that this machine has.
#include <regex>

#include "planes/functions/plane_test.h"

namespace unkai::planes::functions {
namespace {

class NodeFunctionTest : public PlaneTest {
protected:
    void SetUp() override {
        for (const RuntimeStatus& one : plane->runtimes())
            if (one.name.starts_with("nodejs") && one.problem.empty()) runtime_ = one.name;
        if (runtime_.empty()) GTEST_SKIP() << "no Node.js of a version that Lambda has";
    }
    std::shared_ptr<FunctionSpec> node(const std::string& name, const Files& files,
                                       std::string handler = "index.handler") const {
        return function(name, files, runtime_, std::move(handler));
    }
    std::string runtime_;
};

TEST_F(NodeFunctionTest, AnswersAndStaysWarm) {
    const auto spec = node("echo", {{"index.mjs", R"(
let calls = 0;
console.log('loaded');
export const handler = async (event, context) => {
  console.error('called', event.n, {a: [1]});
  console.log('two\nlines');
  return { calls: ++calls, name: context.functionName, user: process.env.MINE,
           id: context.awsRequestId, text: 'ü'.repeat(3) };
};
)"}});
    spec->environment = {{"MINE", "it's \"so\""}};
    const Outcome first = invoke(spec, R"({"n":1})");
    EXPECT_EQ(first.kind, Outcome::Kind::response) << first.payload << grants->log->all;
    EXPECT_TRUE(first.cold);
    EXPECT_EQ(first.payload, R"({"calls":1,"name":"echo","user":"it's \"so\"",)"
                             R"("id":"8476a536-e9f4-11e8-9739-2dfe598c3fcd","text":"üüü"})");
    const Outcome second = invoke(spec, R"({"n":2})");
    EXPECT_FALSE(second.cold);
    const std::regex tail(
        "START RequestId: 8476a536-\\S+ Version: \\$LATEST\n"
        "\\S+Z\t8476a536-\\S+\tERROR\tcalled 2 \\{ a: \\[ 1 \\] \\}\n"
        "\\S+Z\t8476a536-\\S+\tINFO\ttwo\nlines\n"
        "END RequestId: 8476a536-\\S+\nREPORT RequestId: 8476a536-\\S+\t[^\n]+\n");
    EXPECT_TRUE(std::regex_match(second.log_tail, tail)) << second.log_tail;
    const std::regex loaded("\\S+Z\tundefined\tINFO\tloaded\nSTART [^]*");
    EXPECT_TRUE(std::regex_match(grants->log->all, loaded)) << grants->log->all;
}

TEST_F(NodeFunctionTest, CallbacksAndErrors) {
    const auto spec = node("callbacks", {{"index.js", R"(
exports.handler = (event, context, callback) => {
  if (event === 'later') { setTimeout(() => callback(null, 'waited'), 20); return; }
  if (event === 'error') { callback(new RangeError('too far')); return; }
  if (event === 'text') { callback('just text'); return; }
  if (event === 'throw') throw new TypeError('thrown');
  if (event === 'succeed') { context.succeed({ok: 1}); return; }
  if (event === 'nothing') return;
  if (event === 'busy') {
    context.callbackWaitsForEmptyEventLoop = false;
    setTimeout(() => {}, 60000);
    callback(null, 'at once');
    return;
  }
  if (event === 'reject') return Promise.reject(new Error('rejected'));
  if (event === 'circular') { const a = {}; a.a = a; callback(null, a); }
};
)"}});
    EXPECT_EQ(invoke(spec, "\"later\"").payload, "\"waited\"");
    Outcome out = invoke(spec, "\"error\"");
    EXPECT_EQ(out.kind, Outcome::Kind::function_error);
    EXPECT_EQ(member_of(out.payload, "errorType"), "RangeError");
    EXPECT_EQ(member_of(out.payload, "errorMessage"), "too far");
    EXPECT_NE(out.log_tail.find("\tERROR\tInvoke Error \t{\"errorType\":\"RangeError\","
                                "\"errorMessage\":\"too far\",\"stack\":["),
              std::string::npos)
        << out.log_tail;
    EXPECT_EQ(invoke(spec, "\"text\"").payload,
              R"({"errorType":"string","errorMessage":"just text","trace":[]})");
    EXPECT_EQ(member_of(invoke(spec, "\"throw\"").payload, "errorType"), "TypeError");
    EXPECT_EQ(invoke(spec, "\"succeed\"").payload, R"({"ok":1})");
    EXPECT_EQ(invoke(spec, "\"nothing\"").payload, "null");
    EXPECT_EQ(member_of(invoke(spec, "\"reject\"").payload, "errorMessage"), "rejected");
    EXPECT_EQ(member_of(invoke(spec, "\"circular\"").payload, "errorType"), "Runtime.MarshalError");
    EXPECT_EQ(invoke(spec, "\"busy\"").payload, "\"at once\"");
    EXPECT_FALSE(invoke(spec, "\"reject\"").cold);
}

TEST_F(NodeFunctionTest, HandlerThatCannotBeLoaded) {
    struct Case {
        const char* handler;
        const char* type;
        const char* message;  // Its beginning.
    };
    const Case cases[] = {
        {"nothere.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'nothere'"},
        {"index.missing", "Runtime.HandlerNotFound", "index.missing is undefined or not exported"},
        {"index.value", "Runtime.HandlerNotFound", "index.value is not a function"},
        {"index", "Runtime.MalformedHandlerName", "Bad handler"},
        {"broken.handler", "Runtime.UserCodeSyntaxError", "SyntaxError: "},
        {"requires.handler", "Runtime.ImportModuleError", "Error: Cannot find module 'left-pad'"},
        {"throws.handler", "RangeError", "at load"}};
    for (const Case& one : cases) {
        const auto spec = node("load",
                               {{"index.js", "exports.value = 1;"},
                                {"broken.js", "const = 1;"},
                                {"requires.js", "require('left-pad');"},
                                {"throws.js", "throw new RangeError('at load');"}},
                               one.handler);
        spec->id = std::string("load-") + one.handler;
        const Outcome outcome = invoke(spec);
        EXPECT_EQ(outcome.kind, Outcome::Kind::init_error) << one.handler;
        EXPECT_EQ(outcome.error_type, one.type) << outcome.payload;
        EXPECT_TRUE(member_of(outcome.payload, "errorMessage").starts_with(one.message))
            << outcome.payload;
        EXPECT_NE(outcome.log_tail.find("\tERROR\tUncaught Exception \t{\"errorType\":"),
                  std::string::npos)
            << outcome.log_tail;
    }
}

TEST_F(NodeFunctionTest, WhatNobodyCatchesEndsTheEnvironment) {
    const auto spec = node("uncaught", {{"index.js", R"(
exports.handler = async (event) => {
  if (event === 'later') setImmediate(() => { throw new Error('loose'); });
  if (event === 'promise') Promise.reject(new Error('forgotten'));
  if (event === 'exit') process.exit(3);
  await new Promise((done) => setTimeout(done, 5000));
};
)"}});
    Outcome out = invoke(spec, "\"later\"");
    EXPECT_EQ(out.kind, Outcome::Kind::function_error) << out.payload;
    EXPECT_EQ(member_of(out.payload, "errorMessage"), "loose");
    out = invoke(spec, "\"promise\"");
    EXPECT_TRUE(out.cold);
    EXPECT_EQ(member_of(out.payload, "errorType"), "Runtime.UnhandledPromiseRejection");
    EXPECT_EQ(member_of(out.payload, "errorMessage"), "Error: forgotten");
    out = invoke(spec, "\"exit\"");
    EXPECT_EQ(out.kind, Outcome::Kind::exited);
    EXPECT_EQ(out.payload,
              R"({"errorType":"Runtime.ExitError","errorMessage":"RequestId: )"
              R"(8476a536-e9f4-11e8-9739-2dfe598c3fcd Error: Runtime exited with error: )"
              R"(exit status 3"})");
}

TEST_F(NodeFunctionTest, ModulesLayersAndOptions) {
    const auto spec =
        node("modules",
             {{"src/app.js", R"(
import layered from 'layered';
export const api = { handle: async () => [layered, process.execArgv.length,
                                          process.env.NODE_OPTIONS] };
)"},
              {"package.json", R"({"type":"module"})"},
              {"node_modules/layered/index.js", "export default 'own';"},
              {"node_modules/layered/package.json", R"({"type":"module","main":"index.js"})"}},
             "src/app.api.handle");
    spec->environment = {{"NODE_OPTIONS", "--no-warnings"}};
    EXPECT_EQ(invoke(spec).payload, R"(["own",0,"--no-warnings"])") << grants->log->all;

    const auto layered = node("layered", {{"index.js", R"(
const layered = require('layered');
exports.handler = async () => layered;
)"}});
    layered->layers = {write_folder(
        "node-layer", {{"nodejs/node_modules/layered/index.js", "module.exports = 'layer';"}})};
    EXPECT_EQ(invoke(layered).payload, "\"layer\"");
}

}  // namespace
}  // namespace unkai::planes::functions
