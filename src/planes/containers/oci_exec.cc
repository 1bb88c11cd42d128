// exec: a further process in a running container. It is started detached, so that it is our child
// (we are the subreaper) and can be killed by itself when its time is over.
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "planes/containers/oci_files.h"
#include "planes/containers/oci_plane.h"

namespace unkai::planes::containers {

namespace {

constexpr size_t most_output = 4096;

// Reads until all writers are gone or `stop`; keeps the first 4 KiB.
Task<void> collect(Io pipe, std::string& into, Stop& stop) {
    char buffer[4096];
    while (true) {
        const ssize_t got = ::read(pipe.fd(), buffer, sizeof buffer);
        if (got > 0) {
            into.append(buffer, std::min(static_cast<size_t>(got), most_output - into.size()));
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        if (got == 0 || errno != EAGAIN) co_return;
        if (co_await pipe.readable(never, &stop) != Wake::ready) co_return;
    }
}

}  // namespace

Task<Result<ExecResult>> OciPlane::exec(std::string sandbox, std::string name,
                                        std::vector<std::string> arguments, Duration timeout) {
    CO_TRY(const auto container, find(sandbox, name));
    if (container->status.state != ContainerState::running || container->status.exit)
        co_return fail("InvalidState", "The container '" + name + "' is not running.", 409);
    const Steady deadline = env_.loop.steady() + timeout;
    const std::string file = container->run_folder + "/exec-" + std::to_string(next_exec_++);
    ProcessSpec process = container->process;
    process.arguments = std::move(arguments);
    CO_REQUIRE(co_await env_.workers.run([file, process = std::move(process)] {
        return write_file(file + ".json", oci_process(process));
    }));
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        co_return fail("FileFailed", "No file descriptor is left for a command's output.");
    Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    const uint32_t first_id = runtime_->first_id();
    (void)::fchown(write_end.get(), first_id + container->process.user.user,
                   first_id + container->process.user.group);
    RuntimeCall call{.arguments = {"exec", "--detach", "--pid-file", file + ".pid", "--process",
                                   file + ".json", container->id}};
    call.output = call.error = write_end.get();
    call.in_network = true;
    const Status started = co_await run_runtime(container, std::move(call));
    write_end.reset();
    auto adopted = started ? adopt(file + ".pid") : Result<Process>(started.error());
    ::unlink((file + ".json").c_str());
    ::unlink((file + ".pid").c_str());
    if (!adopted) co_return adopted.error();

    ExecResult result;
    Stop stop;
    Scope scope;
    scope.spawn(collect(Io(env_.loop, std::move(read_end)), result.output, stop));
    auto exit = co_await adopted->wait(deadline);
    if (!exit) {
        result.timed_out = true;
        ::kill(-adopted->pid(),
               SIGKILL);  // Its session: not reaped yet, so the number is still its.
        adopted->signal(SIGKILL);
        exit = co_await adopted->wait();
    }
    stop.request();  // What it left running in the background may hold the pipe: read no further.
    co_await scope.join();
    result.code = exit->signal != 0 ? 128 + exit->signal : exit->code;
    co_return result;
}

}  // namespace unkai::planes::containers
