// Network namespaces as files: <run directory>/netns/<name>, bind mounts that outlive this process.
//
// All calls block for less than a millisecond each and belong on Workers.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "rt/fd.h"

namespace unkai::planes::network {

class Namespaces {
public:
    // The namespace of the calling thread is "home", where threads go back to.
    explicit Namespaces(std::string directory);

    std::string path(const std::string& name) const { return directory_ + "/" + name; }
    // Names of those that exist. Files that are no namespaces (after a reboot) are removed.
    Result<std::vector<std::string>> list();
    // A new one: lo up, no IPv6, no reverse path filter.
    Status create(const std::string& name, bool forwarding);
    Status set_forwarding(const std::string& name, bool forwarding);
    // Gone from the file system; the kernel frees it when the last process and socket has left.
    Status remove(const std::string& name);
    Status remove_directory();
    Result<Fd> open(const std::string& name) const;

    // The calling thread is in the namespace until the end of this object. "" is home.
    class Visit {
    public:
        Visit(Visit&& other) noexcept : home_(std::exchange(other.home_, -1)) {}
        ~Visit();

    private:
        friend class Namespaces;
        explicit Visit(int home) : home_(home) {}
        int home_;
    };
    Result<Visit> enter(const std::string& name) const;

private:
    std::string directory_;
    Fd home_;
};

// Writes /proc/sys/<name>. False where the kernel does not have it.
bool write_sysctl(const std::string& name, const std::string& value);
std::string read_sysctl(const std::string& name);  // Empty where the kernel does not have it.

}  // namespace unkai::planes::network
