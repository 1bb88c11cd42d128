#include "images/machine.h"

#include <algorithm>
#include <filesystem>

#include "base/strings.h"
#include "images/machine_files.h"
#include "wire/json.h"

namespace unkai::images {

namespace fs = std::filesystem;

namespace {

constexpr const char* path_variable =
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr const char* commands[] = {
    "[",        "awk",      "base64", "basename", "cat",      "chgrp",     "chmod",   "chown",
    "cmp",      "comm",     "cp",     "cut",      "date",     "dd",        "df",      "diff",
    "dirname",  "du",       "echo",   "env",      "expr",     "false",     "find",    "getent",
    "grep",     "groupadd", "gunzip", "gzip",     "head",     "hostname",  "id",      "install",
    "join",     "kill",     "ln",     "ls",       "md5sum",   "mkdir",     "mkfifo",  "mktemp",
    "mv",       "nproc",    "od",     "paste",    "printenv", "printf",    "pwd",     "readlink",
    "realpath", "rm",       "rmdir",  "sed",      "seq",      "sha256sum", "sleep",   "sort",
    "split",    "stat",     "tail",   "tar",      "tee",      "test",      "timeout", "touch",
    "tr",       "true",     "tty",    "uname",    "uniq",     "useradd",   "wc",      "which",
    "whoami",   "xargs",    "yes"};

Unexpected unavailable(std::string what) {
    return fail("BaseImageUnavailable", std::move(what), 400);
}

// The folders and links of Debian with a merged /usr.
void add_skeleton(Tree& tree) {
    for (const char* path : {"boot",          "dev",           "etc",
                             "etc/ssl",       "etc/ssl/certs", "home",
                             "media",         "mnt",           "opt",
                             "proc",          "run",           "srv",
                             "sys",           "usr",           "usr/bin",
                             "usr/lib",       "usr/lib64",     "usr/local",
                             "usr/local/bin", "usr/local/lib", "usr/local/sbin",
                             "usr/sbin",      "usr/share",     "usr/src",
                             "var",           "var/cache",     "var/lib",
                             "var/log",       "var/spool"})
        add_folder(tree, path);
    add_folder(tree, "root", 0700);
    add_folder(tree, "tmp", 01777);
    add_folder(tree, "var/tmp", 01777);
    add_folder(tree, "run/lock", 01777);
    for (const char* name : {"bin", "sbin", "lib", "lib64"})
        add_link(tree, name, "usr/" + std::string(name));
    add_link(tree, "var/run", "/run");
}

void add_users(Tree& tree, bool node) {
    const char* passwd =
        "root:x:0:0:root:/root:/bin/bash\n"
        "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
        "bin:x:2:2:bin:/bin:/usr/sbin/nologin\n"
        "mail:x:8:8:mail:/var/mail:/usr/sbin/nologin\n"
        "www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n"
        "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
    const char* group =
        "root:x:0:\ndaemon:x:1:\nbin:x:2:\nmail:x:8:\nwww-data:x:33:\nusers:x:100:\nnogroup:x:"
        "65534:\n";
    add_text(tree, "etc/passwd",
             passwd + std::string(node ? "node:x:1000:1000::/home/node:/bin/bash\n" : ""));
    add_text(tree, "etc/group", group + std::string(node ? "node:x:1000:\n" : ""));
    add_text(tree, "etc/shadow", "root:*:19000:0:99999:7:::\n", 0640);
    add_text(tree, "etc/gshadow", "root:*::\n", 0640);
    add_text(tree, "etc/nsswitch.conf",
             "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n");
    if (!node) return;
    add_folder(tree, "home/node");
    tree["home/node"].user = tree["home/node"].group = 1000;
}

Status add_userland(Tree& tree) {
    MachineFiles files(tree);
    const std::string dash = locate_program("dash");
    if (dash.empty())
        return unavailable("No shell was found for the image. Install it: apt-get install dash.");
    REQUIRE(files.add_program("usr/bin/dash", dash));
    add_link(tree, "usr/bin/sh", "dash");
    if (const std::string bash = locate_program("bash"); !bash.empty())
        REQUIRE(files.add_program("usr/bin/bash", bash));
    for (const std::string name : commands) {
        const std::string source = locate_program(name);
        const bool system = source.find("/sbin/") != std::string::npos;
        if (!source.empty())
            REQUIRE(files.add_program((system ? "usr/sbin/" : "usr/bin/") + name, source));
    }
    REQUIRE(files.add_libraries({}));
    std::error_code error;
    for (const char* path :
         {"etc/ssl/certs/ca-certificates.crt", "etc/os-release", "etc/login.defs"})
        if (const fs::path real = fs::canonical("/" + std::string(path), error); !error)
            REQUIRE(add_file(tree, path, real.string()));
    add_text(tree, "etc/hostname", "");
    add_text(tree, "etc/hosts", "127.0.0.1\tlocalhost\n");
    add_text(tree, "etc/resolv.conf", "");
    return ok();
}

std::string os_name() {
    const auto text = output_of(
        {locate_program("sed"), "-n", "s/^PRETTY_NAME=\"\\(.*\\)\"/\\1/p", "/etc/os-release"});
    return text ? std::string(trim(*text)) : "this machine";
}

// npm and npx: JavaScript beside node, wherever this machine keeps it.
Status add_npm(Tree& tree) {
    const std::string npm = locate_program("npm");
    const size_t at = npm.rfind("/npm/bin/");
    if (at == std::string::npos) return ok();
    const std::string home = npm.substr(0, at + 4);
    if (!home.starts_with("/usr/share/nodejs/")) {
        add_folder(tree, "usr/local/lib/node_modules");
        REQUIRE(add_folder_tree(tree, "usr/local/lib/node_modules/npm", home, {"man", "docs"}));
        add_link(tree, "usr/local/bin/npm", "../lib/node_modules/npm/bin/npm-cli.js");
        add_link(tree, "usr/local/bin/npx", "../lib/node_modules/npm/bin/npx-cli.js");
        return ok();
    }
    add_link(tree, "usr/local/bin/npm", "/usr/share/nodejs/npm/bin/npm-cli.js");
    add_link(tree, "usr/local/bin/npx", "/usr/share/nodejs/npm/bin/npx-cli.js");
    return ok();
}

Result<MachineImage> assemble_node(const std::string& reference, MachineImage image) {
    const std::string node = locate_program("node");
    if (node.empty())
        return unavailable("This machine has no Node.js to make " + reference +
                           " from. Install it: apt-get install nodejs npm.");
    TRY(const std::string printed, output_of({node, "--version"}));
    const std::string version(trim(printed));
    Tree tree;
    MachineFiles files(tree);
    REQUIRE(files.add_program("usr/local/bin/node", node));
    add_link(tree, "usr/local/bin/nodejs", "node");
    REQUIRE(files.add_libraries({&image.layers.front()}));
    // Debian's own packages keep a part of node, and npm with all that it needs, in these folders.
    if (files.needs("libnode.so"))
        for (const char* path : {"/usr/share/nodejs", "/usr/lib/nodejs", "/usr/share/node_modules",
                                 "/etc/npm", "/usr/share/javascript"})
            if (fs::is_directory(path))
                REQUIRE(add_folder_tree(tree, std::string(path).substr(1), path, {"man", "docs"}));
    REQUIRE(add_npm(tree));
    image.layers.push_back(std::move(tree));
    image.environment.push_back("NODE_VERSION=" + version.substr(1));
    image.command = {"node"};
    image.note = reference + " is assembled from this machine's Node.js " + version + " and " +
                 os_name() + "; nothing was downloaded.";
    return image;
}

Result<MachineImage> assemble_python(const std::string& reference, MachineImage image) {
    std::string python;
    for (const char* name : {"/usr/bin/python3", "/usr/local/bin/python3"}) {
        std::error_code error;
        if (python.empty()) python = fs::canonical(name, error).string();
    }
    if (python.empty())
        return unavailable("This machine has no Python to make " + reference +
                           " from. Install it: apt-get install python3.");
    TRY(const std::string printed,
        output_of({python, "-I", "-c",
                   "import json,platform,sysconfig as s;"
                   "print(json.dumps([platform.python_version(),s.get_path('stdlib'),s.get_config_"
                   "var('py_version_short')]))"}));
    auto facts = wire::Json::parse(printed);
    if (!facts || facts->size() != 3)
        return unavailable("Asking " + python + " for its version failed.");
    const std::string version = (*facts)[0].string_or(""), library = (*facts)[1].string_or("");
    Tree tree;
    MachineFiles files(tree);
    const std::string name = "python" + (*facts)[2].string_or("3");
    REQUIRE(files.add_program("usr/bin/" + name, python));
    for (const char* link : {"usr/bin/python3", "usr/local/bin/python3", "usr/local/bin/python"})
        add_link(tree, link, "/usr/bin/" + name);
    REQUIRE(add_folder_tree(tree, library.substr(1), library,
                            {"__pycache__", "test", "idlelib", "tkinter", "EXTERNALLY-MANAGED"}));
    if (const std::string packages = "/usr/lib/python3/dist-packages";
        fs::is_directory(packages + "/pip")) {
        add_folder(tree, "usr/lib/python3");
        add_folder(tree, packages.substr(1));
        for (const char* one : {"pip", "setuptools", "wheel", "pkg_resources"})
            if (fs::is_directory(packages + "/" + one))
                REQUIRE(add_folder_tree(tree, packages.substr(1) + "/" + one, packages + "/" + one,
                                        {"__pycache__"}));
        add_text(tree, "usr/local/bin/pip", "#!/bin/sh\nexec /usr/bin/python3 -m pip \"$@\"\n",
                 0755);
    }
    std::error_code error;
    for (const auto& module : fs::directory_iterator(library + "/lib-dynload", error))
        files.add_needs_of(module.path().string());
    REQUIRE(files.add_libraries({&image.layers.front()}));
    if (fs::is_directory("/usr/share/zoneinfo"))
        REQUIRE(
            add_folder_tree(tree, "usr/share/zoneinfo", "/usr/share/zoneinfo", {"right", "posix"}));
    image.layers.push_back(std::move(tree));
    image.environment.push_back("PYTHON_VERSION=" + version);
    image.command = {"python3"};
    image.note = reference + " is assembled from this machine's Python " + version + " and " +
                 os_name() + "; nothing was downloaded.";
    return image;
}

}  // namespace

std::optional<MachineKind> machine_kind(const planes::containers::ImageReference& reference) {
    const std::string& repository = reference.repository;
    const bool official = repository.find('/') == std::string::npos ||
                          repository.starts_with("library/") ||
                          repository.starts_with("docker/library/");
    const std::string name = repository.substr(repository.rfind('/') + 1);
    if (!official) return std::nullopt;
    if (name == "scratch") return MachineKind::scratch;
    if (name == "node") return MachineKind::node;
    if (name == "python") return MachineKind::python;
    if (name == "debian" || name == "ubuntu") return MachineKind::debian;
    return std::nullopt;
}

Result<MachineImage> assemble(MachineKind kind, const std::string& reference) {
    MachineImage image;
    if (kind == MachineKind::scratch) return image;
    image.environment.emplace_back(path_variable);
    Tree tree;
    add_skeleton(tree);
    add_users(tree, kind == MachineKind::node);
    REQUIRE(add_userland(tree));
    image.layers.push_back(std::move(tree));
    if (kind == MachineKind::node) return assemble_node(reference, std::move(image));
    if (kind == MachineKind::python) return assemble_python(reference, std::move(image));
    image.command = {"bash"};
    image.note = reference + " is assembled from the programs of this machine, " + os_name() +
                 "; nothing was downloaded.";
    return image;
}

}  // namespace unkai::images
