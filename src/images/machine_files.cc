#include "images/machine_files.h"

#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "images/machine.h"
#include "rt/loop.h"
#include "rt/process.h"

namespace unkai::images {

namespace fs = std::filesystem;

std::string locate_program(const std::string& name) {
    for (const char* folder : {"/usr/local/bin/", "/usr/bin/", "/bin/", "/usr/sbin/", "/sbin/"}) {
        std::error_code error;
        const fs::path real = fs::canonical(folder + name, error);
        if (!error && fs::is_regular_file(real, error)) return real.string();
    }
    return "";
}

Result<std::string> output_of(std::vector<std::string> argv) {
    Loop loop;
    SpawnOptions options{.argv = std::move(argv),
                         .environment = {"PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"},
                         .directory = "/"};
    TRY(Output output, loop.run_until_done(run(loop, std::move(options), loop.steady() + 30s)));
    return std::move(output.output);
}

std::vector<std::string> parse_ldd(std::string_view text) {
    std::vector<std::string> out;
    for (const std::string_view raw : split(text, '\n')) {
        std::string_view line = trim(raw);
        if (line.ends_with(':')) continue;  // Which program the next lines are about.
        if (const size_t arrow = line.find("=> "); arrow != std::string_view::npos)
            line.remove_prefix(arrow + 3);
        const std::string path(split_once(line, ' ').first);
        if (path.starts_with('/') && std::ranges::find(out, path) == out.end()) out.push_back(path);
    }
    return out;
}

Status MachineFiles::add_program(const std::string& path, const std::string& source) {
    programs_.push_back(source);
    return add_file(tree_, path, source);
}

// "/lib/x86_64-linux-gnu/libc.so.6" → "usr/lib/x86_64-linux-gnu/libc.so.6": the name by which it is
// looked for, in a folder that the dynamic linker searches without being told.
static std::string library_path(const std::string& found) {
    std::error_code error;
    const fs::path path(found);
    const std::string folder = fs::canonical(path.parent_path(), error).string();
    const std::string usual = fs::canonical("/lib/" + std::string(
#if defined(__aarch64__)
                                                          "aarch64-linux-gnu"
#else
                                                          "x86_64-linux-gnu"
#endif
                                                          ),
                                            error)
                                  .string();
    const bool linker = path.filename().string().starts_with("ld-linux");
    const bool searched =
        linker || folder.starts_with(usual) || folder == "/usr/lib" || folder == "/usr/lib64";
    return (searched ? folder : usual).substr(1) + "/" + path.filename().string();
}

Status MachineFiles::add_libraries(const std::vector<const Tree*>& below) {
    const std::string ldd = locate_program("ldd");
    if (ldd.empty())
        return fail("BaseImageUnavailable",
                    "The program ldd is missing. Install it: apt-get install libc-bin.");
    std::vector<std::string> command = {ldd};
    command.insert(command.end(), programs_.begin(), programs_.end());
    TRY(const std::string text, output_of(command));
    libraries_ = parse_ldd(text);
    for (const std::string& library : libraries_) {
        const std::string path = library_path(library);
        const bool there =
            std::ranges::any_of(below, [&](const Tree* tree) { return tree->contains(path); });
        if (!there) REQUIRE(add_file(tree_, path, library));
    }
    return ok();
}

bool MachineFiles::needs(std::string_view library) const {
    return std::ranges::any_of(libraries_, [&](const std::string& path) {
        return path.find(library) != std::string::npos;
    });
}

}  // namespace unkai::images
