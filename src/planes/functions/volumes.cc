#include "planes/functions/volumes.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <thread>

#include "base/strings.h"
#include "planes/containers/oci_files.h"

namespace unkai::planes::functions {

namespace {

namespace files = std::filesystem;

Unexpected volume_failed(const std::string& what) {
    return fail("EnvironmentFailed", what + ": " + std::strerror(errno) + ".");
}

constexpr const char* machine_names[] = {"bin", "sbin", "lib", "lib32", "lib64", "libx32"};

constexpr const char* mkfs_program = "/usr/sbin/mkfs.ext4";  // Debian: e2fsprogs.

constexpr std::string_view passwd =
    "root:x:0:0:root:/root:/sbin/nologin\n"
    "sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin\n"
    "nobody:x:65534:65534:nobody:/:/sbin/nologin\n";
constexpr std::string_view group = "root:x:0:\nsbx_user1051:x:990:\nnogroup:x:65534:\n";
constexpr std::string_view name_services = "passwd: files\ngroup: files\nhosts: files dns\n";

// What programs read from /etc without being told. Nothing secret lies here.
constexpr const char* machine_settings[] = {
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d",         "ssl",        "alternatives", "mime.types",
    "protocols",   "services",   "ca-certificates.conf", "os-release", "fonts"};

Status write_public(const std::string& path, std::string_view text) {
    REQUIRE(containers::write_file(path, text));
    if (::chmod(path.c_str(), 0644) != 0) return volume_failed("Cannot write " + path);
    return ok();
}

// Copies what everybody may read; private keys and the like stay where they are.
void copy_public(const files::path& from, const files::path& to) {
    std::error_code error;
    const auto status = files::symlink_status(from, error);
    if (error) return;
    if (files::is_symlink(status)) {
        files::copy_symlink(from, to, error);
        return;
    }
    const bool readable = (status.permissions() & files::perms::others_read) != files::perms::none;
    if (!readable) return;
    if (files::is_directory(status)) {
        files::create_directory(to, error);
        for (const auto& entry : files::directory_iterator(from, error))
            copy_public(entry.path(), to / entry.path().filename());
    } else if (files::is_regular_file(status)) {
        files::copy_file(from, to, error);
    }
}

// Several may make the same one at once, each by its own `partial`.
Status make_image_file(const std::string& path, const std::string& partial, int64_t mib) {
    const Fd file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    // A twentieth more than what is promised: the file system's own tables.
    if (!file || ::ftruncate(file.get(), (mib + mib / 20) << 20) != 0)
        return volume_failed("Cannot make " + partial);
    const char* const arguments[] = {mkfs_program,
                                     "-q",
                                     "-F",
                                     "-m",
                                     "0",
                                     "-I",
                                     "256",
                                     "-O",
                                     "^has_journal,^resize_inode",
                                     "-E",
                                     "lazy_itable_init=1,nodiscard,root_owner=0:0",
                                     partial.c_str(),
                                     nullptr};
    pid_t child = 0;
    int status = -1;
    if (::posix_spawn(&child, mkfs_program, nullptr, nullptr, const_cast<char**>(arguments),
                      nullptr) == 0)
        while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    if (status != 0) return fail("EnvironmentFailed", "mkfs.ext4 failed on " + partial + ".");
    if (::rename(partial.c_str(), path.c_str()) != 0) return volume_failed("Cannot make " + path);
    return ok();
}

// Copies a sparse file, its holes left holes.
Status copy_sparse(const std::string& from, const std::string& to) {
    const Fd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
    const Fd target(::open(to.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    struct stat status{};
    if (!source || !target || ::fstat(source.get(), &status) != 0 ||
        ::ftruncate(target.get(), status.st_size) != 0)
        return volume_failed("Cannot copy " + from + " to " + to);
    off_t at = 0;
    while ((at = ::lseek(source.get(), at, SEEK_DATA)) >= 0) {
        const off_t end = ::lseek(source.get(), at, SEEK_HOLE);
        off_t in = at;
        off_t out = at;
        while (in < end) {
            const ssize_t moved = ::copy_file_range(source.get(), &in, target.get(), &out,
                                                    static_cast<size_t>(end - in), 0);
            if (moved <= 0) return volume_failed("Cannot copy " + from + " to " + to);
        }
        at = end;
    }
    return ok();
}

// A loop device, which goes when nobody holds or mounts it any more.
struct LoopDevice {
    std::string path;
    Fd hold;
};

Result<LoopDevice> attach_loop(const std::string& file) {
    const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    const Fd backing(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!control || !backing) return volume_failed("Cannot use loop devices");
    for (int attempt = 0; attempt < 64; ++attempt) {  // Others take free ones at the same time.
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return volume_failed("No loop device is free");
        LoopDevice out{"/dev/loop" + std::to_string(number), {}};
        out.hold = Fd(::open(out.path.c_str(), O_RDWR | O_CLOEXEC));
        loop_config config{};
        config.fd = static_cast<uint32_t>(backing.get());
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (out.hold && ::ioctl(out.hold.get(), LOOP_CONFIGURE, &config) == 0) return out;
        if (out.hold && errno != EBUSY) return volume_failed("Cannot set up " + out.path);
    }
    return fail("EnvironmentFailed", "No loop device is free.");
}

Result<Fd> read_only(Fd mount) {
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    if (::mount_setattr(mount.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        return volume_failed("Cannot make a mount read-only");
    return mount;
}

}  // namespace

Status make_root(const std::string& folder) {
    for (const char* name : {"dev", "proc", "sys", "etc", "run/lambda", "var/task", "var/runtime",
                             "var/lang", "opt", "usr", "home/sbx_user1051", "mnt", "root"})
        REQUIRE(containers::make_folder(folder + "/" + name, 0755));
    for (const char* name : {"run", "var", "home", ""})
        REQUIRE(containers::make_folder(folder + "/" + name, 0755));
    REQUIRE(containers::make_folder(folder + "/tmp", 01777));
    std::error_code error;
    files::create_symlink("../tmp", folder + "/var/tmp", error);
    for (const std::string name : machine_names) {
        if (files::is_symlink("/" + name, error))
            files::copy_symlink("/" + name, folder + "/" + name, error);
        else if (files::is_directory("/" + name, error))
            REQUIRE(containers::make_folder(folder + "/" + name, 0755));
    }
    for (const std::string name : machine_settings)
        copy_public("/etc/" + name, folder + "/etc/" + name);
    REQUIRE(write_public(folder + "/etc/passwd", passwd));
    REQUIRE(write_public(folder + "/etc/group", group));
    REQUIRE(write_public(folder + "/etc/nsswitch.conf", name_services));
    files::create_symlink("/usr/share/zoneinfo/UTC", folder + "/etc/localtime", error);
    return ok();
}

std::vector<std::string> machine_folders() {
    std::vector<std::string> out{"/usr"};
    std::error_code error;
    for (const std::string name : machine_names)
        if (!files::is_symlink("/" + name, error) && files::is_directory("/" + name, error))
            out.push_back("/" + name);
    return out;
}

bool loop_devices_work() {
    const Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    return control && ::access(mkfs_program, X_OK) == 0 &&
           ::ioctl(control.get(), LOOP_CTL_GET_FREE) >= 0;
}

Status make_tmp(const std::string& templates, const std::string& file, const std::string& target,
                int64_t mib) {
    REQUIRE(containers::make_folder(target, 0755));
    if (!loop_devices_work()) {
        const std::string options = "mode=1777,size=" + std::to_string(mib) + "m";
        if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) != 0)
            return volume_failed("Cannot mount " + target);
        return ok();
    }
    const std::string empty = templates + "/empty-" + std::to_string(mib);
    if (!files::exists(empty)) REQUIRE(make_image_file(empty, file + ".new", mib));
    REQUIRE(copy_sparse(empty, file));
    TRY(const LoopDevice device, attach_loop(file));
    constexpr unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOATIME;
    if (::mount(device.path.c_str(), target.c_str(), "ext4", flags, nullptr) != 0)
        return volume_failed("Cannot mount " + device.path + " on " + target);
    ::unlink(file.c_str());  // It lives as long as it is mounted.
    ::rmdir((target + "/lost+found").c_str());
    if (::chmod(target.c_str(), 01777) != 0) return volume_failed("Cannot ready " + target);
    return ok();
}

Result<Fd> writable_folder(const std::string& folder) {
    Fd mount(::open_tree(AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
    if (!mount) return volume_failed("Cannot open " + folder);
    return mount;
}

Result<Fd> merged_folders(const std::vector<std::string>& folders) {
    if (folders.size() == 1) {
        TRY(Fd mount, writable_folder(folders[0]));
        return read_only(std::move(mount));
    }
    std::vector<Fd> layers;
    std::string lower;
    for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
        layers.emplace_back(::open(folder->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        if (!layers.back()) return volume_failed("Cannot open the layer " + *folder);
        if (!lower.empty()) lower += ':';
        lower += "/proc/self/fd/" + std::to_string(layers.back().get());
    }
    const Fd context(::fsopen("overlay", FSOPEN_CLOEXEC));
    if (!context ||
        ::fsconfig(context.get(), FSCONFIG_SET_STRING, "lowerdir", lower.c_str(), 0) != 0 ||
        ::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0)
        return volume_failed("Cannot merge the layers");
    Fd mount(::fsmount(context.get(), FSMOUNT_CLOEXEC, 0));
    if (!mount) return volume_failed("Cannot merge the layers");
    return read_only(std::move(mount));
}

Status mount_inside(pid_t pid, const std::vector<std::pair<int, std::string>>& mounts) {
    if (mounts.empty()) return ok();
    const std::string name = "/proc/" + std::to_string(pid) + "/ns/mnt";
    const Fd space(::open(name.c_str(), O_RDONLY | O_CLOEXEC));
    if (!space) return volume_failed("The sandbox's process is gone");
    // A thread of its own: its root and working folder become the sandbox's.
    Status status = ok();
    std::thread([&] {
        if (::unshare(CLONE_FS) != 0 || ::setns(space.get(), CLONE_NEWNS) != 0) {
            status = volume_failed("Cannot enter the sandbox's mount namespace");
            return;
        }
        for (const auto& [mount, target] : mounts)
            if (::move_mount(mount, "", AT_FDCWD, target.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0) {
                status = volume_failed("Cannot mount " + target + " in the sandbox");
                return;
            }
    }).join();
    return status;
}

}  // namespace unkai::planes::functions
