// What an installation has in the kernel, found by its name: namespaces, mounts, links, control
// groups, and processes inside of them. For `unkai stop --purge`, which leaves nothing, and
// `unkai doctor`, which names what dead installations left.
//
// Nothing here asks the program: it also cleans up after one that was killed, or whose data is
// gone. Root only. Processes are ended by pidfd, and only those that live in a namespace or control
// group of the installation, or serve databases from its data folder.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace unkai::cli {

// <run folder's parent>: /run/unkai.
std::string run_root();

struct Leftovers {
    std::vector<std::string> namespaces;  // Files below <run>/netns.
    std::vector<std::string> mounts;      // Mount points, the innermost last.
    std::vector<std::string> links;
    std::vector<std::string> tables;  // Of the packet filter.
    std::vector<std::string> groups;  // Folders of control groups, the innermost last.
    std::vector<int> processes;
    bool empty() const {
        return namespaces.empty() && mounts.empty() && links.empty() && tables.empty() &&
               groups.empty() && processes.empty();
    }
    std::string text() const;  // "3 namespaces, 1 link"
};

// Of the installation with that id. `data_dir` may be empty: then it is the one that its program
// wrote down.
Leftovers find_leftovers(const std::string& id, const std::string& data_dir);
// Processes, then mounts, links, groups, and at last the run folder. Error: PurgeFailed names the
// first thing that stays.
Status remove_leftovers(const std::string& id, const std::string& data_dir);

// Where the data of that installation lies, as its program wrote it down at its start; nullopt when
// nobody knows any more.
std::optional<std::string> data_dir_of(const std::string& id);

// Ids below run_root() and of links, whether their program runs or not.
std::vector<std::string> installation_ids();

}  // namespace unkai::cli
