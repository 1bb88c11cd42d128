// Warm invocations and cold starts beside the bare interpreters:
//     functions_bench FOLDER [ROUNDS [EVENT]]
// FOLDER is made and removed. Prints milliseconds: median and 99th percentile of each. With EVENT,
// a file, that is the event, and only warm invocations are measured.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "planes/functions/local_plane.h"
#include "rt/process.h"

namespace unkai::planes::functions {

namespace {

using Times = std::vector<double>;

double since(Steady start, Loop& loop) {
    return std::chrono::duration<double, std::milli>(loop.steady() - start).count();
}

void tell(const char* what, Times times) {
    std::ranges::sort(times);
    if (times.empty()) return;
    std::printf("%-34s p50 %8.3f ms  p99 %8.3f ms  best %8.3f ms  (%zu)\n", what,
                times[times.size() / 2], times[times.size() * 99 / 100], times[0], times.size());
    std::fflush(stdout);
}

FunctionSpecPtr bench_function(const std::string& folder, const RuntimeStatus& runtime,
                               int number) {
    auto spec = std::make_shared<FunctionSpec>();
    const bool python = runtime.name.starts_with("python");
    spec->code = folder + "/code-" + runtime.name;
    std::filesystem::create_directories(spec->code);
    if (python)
        std::ofstream(spec->code + "/app.py")
            << "def handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n";
    else
        std::ofstream(spec->code + "/app.js")
            << "exports.handler = async () => ({statusCode: 200, body: 'ok'});\n";
    spec->id = spec->name = runtime.name + "-" + std::to_string(number);
    spec->runtime = runtime.name;
    spec->handler = "app.handler";
    spec->memory_mib = 1769;
    spec->architecture = containers::host_platform().architecture == "arm64" ? "arm64" : "x86_64";
    return spec;
}

Task<void> must(Task<Result<Outcome>> call) {
    auto outcome = co_await std::move(call);
    if (outcome && outcome->kind == Outcome::Kind::response) co_return;
    std::fprintf(stderr, "failed: %s\n",
                 outcome ? outcome->payload.c_str() : outcome.error().message.c_str());
    std::exit(1);
}

Task<void> measure(Env& env, LocalPlane& plane, std::string folder, RuntimeStatus runtime,
                   int rounds, std::string event) {
    const Invocation invocation{.request_id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
                                .payload = event.empty() ? "{\"hello\":\"world\"}" : event};
    const bool python = runtime.name.starts_with("python");
    const std::string name = runtime.name;
    const FunctionSpecPtr warm = bench_function(folder, runtime, 0);
    (void)co_await plane.prepare(warm);
    co_await plane.settled();
    co_await must(plane.invoke(warm, invocation));
    co_await plane.settled();
    Times warm_times, cold_times, bare_times;
    for (int i = 0; i < rounds * 20; ++i) {
        const Steady start = env.loop.steady();
        co_await must(plane.invoke(warm, invocation));
        warm_times.push_back(since(start, env.loop));
    }
    for (int i = 1; i <= rounds && event.empty(); ++i) {
        const FunctionSpecPtr cold = bench_function(folder, runtime, i);
        Steady start = env.loop.steady();
        co_await must(plane.invoke(cold, invocation));
        cold_times.push_back(since(start, env.loop));
        co_await plane.retire(cold->id);
        co_await plane.settled();
        start = env.loop.steady();
        auto bare = spawn(env.loop,
                          {.argv = {runtime.program, python ? "-c" : "-e", python ? "pass" : "0"}});
        if (bare) co_await bare->wait();
        bare_times.push_back(since(start, env.loop));
    }
    tell((name + " warm invoke").c_str(), warm_times);
    tell((name + " cold start").c_str(), cold_times);
    tell((runtime.program + (python ? " -c pass" : " -e 0")).c_str(), bare_times);
}

Task<int> bench(Env& env, std::string folder, int rounds, std::string event) {
    LocalPlane plane(env, {folder + "/run", folder + "/data"});
    const Status opened = co_await plane.open();
    if (!opened) {
        std::fprintf(stderr, "%s\n", opened.error().message.c_str());
        co_return 1;
    }
    for (const RuntimeStatus& runtime : plane.runtimes())
        if (runtime.problem.empty() && !runtime.name.starts_with("provided"))
            co_await measure(env, plane, folder, runtime, rounds, event);
    co_return co_await plane.purge() ? 0 : 1;
}

}  // namespace

}  // namespace unkai::planes::functions

int main(int argc, char** argv) {
    using namespace unkai;
    if (argc < 2) {
        std::fprintf(stderr, "usage: functions_bench FOLDER [ROUNDS]\n");
        return 2;
    }
    const std::string folder = argv[1];
    std::filesystem::create_directories(folder);
    Loop loop;
    Workers workers;
    const auto random = system_random();
    Env env{loop, *random, workers};
    const int rounds = argc > 2 ? std::atoi(argv[2]) : 20;
    std::string event;
    if (argc > 3) {
        std::ifstream file(argv[3]);
        event.assign(std::istreambuf_iterator<char>(file), {});
    }
    const int code = loop.run_until_done(planes::functions::bench(env, folder, rounds, event));
    std::filesystem::remove_all(folder);
    return code;
}
