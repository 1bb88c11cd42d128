#include "planes/containers/seccomp.h"

#include <sys/utsname.h>

#include <cerrno>
#include <iterator>
#include <string_view>

namespace unkai::planes::containers {

using wire::Json;

namespace {

constexpr const char* files[] = {"access",
                                 "chdir",
                                 "chmod",
                                 "chown",
                                 "close",
                                 "close_range",
                                 "copy_file_range",
                                 "creat",
                                 "dup",
                                 "dup2",
                                 "dup3",
                                 "faccessat",
                                 "faccessat2",
                                 "fadvise64",
                                 "fallocate",
                                 "fchdir",
                                 "fchmod",
                                 "fchmodat",
                                 "fchmodat2",
                                 "fchown",
                                 "fchownat",
                                 "fcntl",
                                 "fdatasync",
                                 "fgetxattr",
                                 "flistxattr",
                                 "flock",
                                 "fremovexattr",
                                 "fsetxattr",
                                 "fstat",
                                 "fstatfs",
                                 "fsync",
                                 "ftruncate",
                                 "futimesat",
                                 "getcwd",
                                 "getdents",
                                 "getdents64",
                                 "getxattr",
                                 "inotify_add_watch",
                                 "inotify_init",
                                 "inotify_init1",
                                 "inotify_rm_watch",
                                 "ioctl",
                                 "lchown",
                                 "lgetxattr",
                                 "link",
                                 "linkat",
                                 "listxattr",
                                 "llistxattr",
                                 "lremovexattr",
                                 "lseek",
                                 "lsetxattr",
                                 "lstat",
                                 "mkdir",
                                 "mkdirat",
                                 "mknod",
                                 "mknodat",
                                 "newfstatat",
                                 "open",
                                 "openat",
                                 "openat2",
                                 "pread64",
                                 "preadv",
                                 "preadv2",
                                 "pwrite64",
                                 "pwritev",
                                 "pwritev2",
                                 "read",
                                 "readahead",
                                 "readlink",
                                 "readlinkat",
                                 "readv",
                                 "removexattr",
                                 "rename",
                                 "renameat",
                                 "renameat2",
                                 "rmdir",
                                 "sendfile",
                                 "setxattr",
                                 "splice",
                                 "stat",
                                 "statfs",
                                 "statx",
                                 "symlink",
                                 "symlinkat",
                                 "sync",
                                 "sync_file_range",
                                 "syncfs",
                                 "tee",
                                 "truncate",
                                 "umask",
                                 "unlink",
                                 "unlinkat",
                                 "utime",
                                 "utimensat",
                                 "utimes",
                                 "vmsplice",
                                 "write",
                                 "writev"};

constexpr const char* processes[] = {"alarm",
                                     "arch_prctl",
                                     "capget",
                                     "capset",
                                     "chroot",
                                     "execve",
                                     "execveat",
                                     "exit",
                                     "exit_group",
                                     "fork",
                                     "futex",
                                     "futex_waitv",
                                     "get_robust_list",
                                     "getcpu",
                                     "getegid",
                                     "geteuid",
                                     "getgid",
                                     "getgroups",
                                     "getitimer",
                                     "getpgid",
                                     "getpgrp",
                                     "getpid",
                                     "getppid",
                                     "getpriority",
                                     "getresgid",
                                     "getresuid",
                                     "getrlimit",
                                     "getrusage",
                                     "getsid",
                                     "gettid",
                                     "getuid",
                                     "ioprio_get",
                                     "ioprio_set",
                                     "kill",
                                     "pause",
                                     "pidfd_open",
                                     "pidfd_send_signal",
                                     "prctl",
                                     "prlimit64",
                                     "restart_syscall",
                                     "rseq",
                                     "rt_sigaction",
                                     "rt_sigpending",
                                     "rt_sigprocmask",
                                     "rt_sigqueueinfo",
                                     "rt_sigreturn",
                                     "rt_sigsuspend",
                                     "rt_sigtimedwait",
                                     "rt_tgsigqueueinfo",
                                     "sched_get_priority_max",
                                     "sched_get_priority_min",
                                     "sched_getaffinity",
                                     "sched_getattr",
                                     "sched_getparam",
                                     "sched_getscheduler",
                                     "sched_rr_get_interval",
                                     "sched_setaffinity",
                                     "sched_setattr",
                                     "sched_setparam",
                                     "sched_setscheduler",
                                     "sched_yield",
                                     "seccomp",
                                     "set_robust_list",
                                     "set_thread_area",
                                     "get_thread_area",
                                     "set_tid_address",
                                     "setfsgid",
                                     "setfsuid",
                                     "setgid",
                                     "setgroups",
                                     "setitimer",
                                     "setpgid",
                                     "setpriority",
                                     "setregid",
                                     "setresgid",
                                     "setresuid",
                                     "setreuid",
                                     "setrlimit",
                                     "setsid",
                                     "setuid",
                                     "sigaltstack",
                                     "signalfd",
                                     "signalfd4",
                                     "tgkill",
                                     "times",
                                     "tkill",
                                     "uname",
                                     "vfork",
                                     "wait4",
                                     "waitid",
                                     "landlock_create_ruleset",
                                     "landlock_add_rule",
                                     "landlock_restrict_self",
                                     "sysinfo"};

constexpr const char* memory_and_time[] = {"brk",
                                           "clock_getres",
                                           "clock_gettime",
                                           "clock_nanosleep",
                                           "getrandom",
                                           "gettimeofday",
                                           "madvise",
                                           "membarrier",
                                           "memfd_create",
                                           "memfd_secret",
                                           "mincore",
                                           "mlock",
                                           "mlock2",
                                           "mlockall",
                                           "mmap",
                                           "mprotect",
                                           "mremap",
                                           "msync",
                                           "munlock",
                                           "munlockall",
                                           "munmap",
                                           "nanosleep",
                                           "pkey_alloc",
                                           "pkey_free",
                                           "pkey_mprotect",
                                           "remap_file_pages",
                                           "time",
                                           "timer_create",
                                           "timer_delete",
                                           "timer_getoverrun",
                                           "timer_gettime",
                                           "timer_settime",
                                           "timerfd_create",
                                           "timerfd_gettime",
                                           "timerfd_settime"};

constexpr const char* messages[] = {
    "accept",          "accept4",      "bind",          "connect",       "epoll_create",
    "epoll_create1",   "epoll_ctl",    "epoll_pwait",   "epoll_pwait2",  "epoll_wait",
    "eventfd",         "eventfd2",     "getpeername",   "getsockname",   "getsockopt",
    "io_cancel",       "io_destroy",   "io_getevents",  "io_pgetevents", "io_setup",
    "io_submit",       "listen",       "mq_getsetattr", "mq_notify",     "mq_open",
    "mq_timedreceive", "mq_timedsend", "mq_unlink",     "msgctl",        "msgget",
    "msgrcv",          "msgsnd",       "pipe",          "pipe2",         "poll",
    "ppoll",           "pselect6",     "recvfrom",      "recvmmsg",      "recvmsg",
    "select",          "semctl",       "semget",        "semop",         "semtimedop",
    "sendmmsg",        "sendmsg",      "sendto",        "setsockopt",    "shmat",
    "shmctl",          "shmdt",        "shmget",        "shutdown",      "socketpair"};

constexpr const char* tracing[] = {
    "kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"};

constexpr const char* forbidden[] = {"acct",
                                     "add_key",
                                     "adjtimex",
                                     "bpf",
                                     "clock_adjtime",
                                     "clock_settime",
                                     "delete_module",
                                     "fanotify_init",
                                     "finit_module",
                                     "fsconfig",
                                     "fsmount",
                                     "fsopen",
                                     "fspick",
                                     "init_module",
                                     "io_uring_enter",
                                     "io_uring_register",
                                     "io_uring_setup",
                                     "ioperm",
                                     "iopl",
                                     "kexec_file_load",
                                     "kexec_load",
                                     "keyctl",
                                     "lookup_dcookie",
                                     "mbind",
                                     "migrate_pages",
                                     "mount",
                                     "mount_setattr",
                                     "move_mount",
                                     "move_pages",
                                     "name_to_handle_at",
                                     "open_by_handle_at",
                                     "open_tree",
                                     "perf_event_open",
                                     "pivot_root",
                                     "quotactl",
                                     "quotactl_fd",
                                     "reboot",
                                     "request_key",
                                     "set_mempolicy",
                                     "setdomainname",
                                     "sethostname",
                                     "setns",
                                     "settimeofday",
                                     "swapoff",
                                     "swapon",
                                     "syslog",
                                     "umount2",
                                     "unshare",
                                     "userfaultfd",
                                     "vhangup"};

constexpr int64_t namespace_flags =
    0x7E020000;  // CLONE_NEW*: user, pid, net, ipc, uts, mnt, cgroup
constexpr int64_t family_vsock = 40;
constexpr int64_t family_alg = 38;

template <size_t N>
void add_names(Json& into, const char* const (&names)[N]) {
    for (const char* name : names) into.push(name);
}

Json rule(Json names, const char* action, Json arguments = Json()) {
    Json out = Json::object({{"names", std::move(names)}, {"action", action}});
    if (arguments.is_array()) out.set("args", std::move(arguments));
    return out;
}

Json error_rule(Json names, int number) {
    Json out = rule(std::move(names), "SCMP_ACT_ERRNO");
    out.set("errnoRet", number);
    return out;
}

Json argument(int index, int64_t value, const char* comparison, int64_t second = 0) {
    return Json::object(
        {{"index", index}, {"value", value}, {"valueTwo", second}, {"op", comparison}});
}

const char* native_architecture() {
    utsname name{};
    ::uname(&name);
    return std::string_view(name.machine) == "aarch64" ? "SCMP_ARCH_AARCH64" : "SCMP_ARCH_X86_64";
}

}  // namespace

size_t allowed_system_calls() {
    return std::size(files) + std::size(processes) + std::size(memory_and_time) +
           std::size(messages) + 3;  // clone, socket and personality, by their arguments.
}

Json seccomp_profile(bool trace) {
    Json allowed = Json::array();
    add_names(allowed, files);
    add_names(allowed, processes);
    add_names(allowed, memory_and_time);
    add_names(allowed, messages);
    if (trace) add_names(allowed, tracing);
    Json denied = Json::array();
    add_names(denied, forbidden);
    if (!trace) add_names(denied, tracing);

    Json rules = Json::array();
    rules.push(rule(std::move(allowed), "SCMP_ACT_ALLOW"));
    rules.push(rule(Json::array({"clone"}), "SCMP_ACT_ALLOW",
                    Json::array({argument(0, namespace_flags, "SCMP_CMP_MASKED_EQ")})));
    rules.push(rule(Json::array({"socket"}), "SCMP_ACT_ALLOW",
                    Json::array({argument(0, family_alg, "SCMP_CMP_LT")})));
    rules.push(rule(Json::array({"socket"}), "SCMP_ACT_ALLOW",
                    Json::array({argument(0, family_vsock, "SCMP_CMP_GT")})));
    for (const int64_t persona : {int64_t{0}, int64_t{8}, int64_t{0x20000}, int64_t{0xffffffff}})
        rules.push(rule(Json::array({"personality"}), "SCMP_ACT_ALLOW",
                        Json::array({argument(0, persona, "SCMP_CMP_EQ")})));
    rules.push(error_rule(std::move(denied), EPERM));
    return Json::object({{"defaultAction", "SCMP_ACT_ERRNO"},
                         {"defaultErrnoRet", ENOSYS},
                         {"architectures", Json::array({native_architecture()})},
                         {"syscalls", std::move(rules)}});
}

}  // namespace unkai::planes::containers
