#include "services/acm/local_authority.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "rt/fd.h"
#include "services/acm/limits.h"

namespace unkai::services::acm {

namespace {

Unexpected unreadable(const std::string& path, std::string_view why) {
    return fail("AuthorityUnreadable",
                "The certificate authority's file " + path +
                    " cannot be used: " + std::string(why) +
                    ". Restore it, or remove the folder to have a new authority made.");
}

Result<std::string> read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (!file || text.empty()) return unreadable(path, "it is missing or empty");
    return text;
}

// Whole or not at all: a new name, then renamed. It is synced with the store that is made beside it
// (store/rocks_engine.cc), before anything that depends on it.
Status write_file(const std::string& path, std::string_view text, mode_t mode) {
    const std::string fresh = path + ".new";
    const Fd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!fd) return unreadable(path, std::strerror(errno));
    const bool good =
        ::fchmod(fd.get(), mode) == 0 &&
        ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
        ::rename(fresh.c_str(), path.c_str()) == 0;
    if (!good) return unreadable(path, std::strerror(errno));
    return ok();
}

}  // namespace

Result<LocalAuthority> LocalAuthority::open(const std::string& folder, Random& random, Time now) {
    const std::string certificate_path = folder + "/ca.pem", key_path = folder + "/ca.key";
    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error) return unreadable(folder, error.message());
    std::filesystem::permissions(folder,
                                 std::filesystem::perms::owner_all |
                                     std::filesystem::perms::group_exec |
                                     std::filesystem::perms::others_exec,
                                 error);
    if (!std::filesystem::exists(certificate_path)) {
        TRY(net::Authority made,
            net::Authority::make("Unkai Local CA " + random.hex(8), random, now));
        // The key first: a certificate without its key would be trusted for nothing.
        REQUIRE(write_file(key_path, made.key_pem(), 0600));
        REQUIRE(write_file(certificate_path, made.certificate_pem(), 0644));
        return LocalAuthority(std::move(made), certificate_path);
    }
    TRY(const std::string certificate, read_file(certificate_path));
    TRY(const std::string key, read_file(key_path));
    auto authority = net::Authority::from_pem(certificate, key);
    if (!authority) return unreadable(certificate_path, authority.error().message);
    return LocalAuthority(std::move(*authority), certificate_path);
}

Result<std::shared_ptr<const net::Identity>> LocalAuthority::identity_for(
    std::vector<std::string> names, Random& random, Time now) const {
    TRY(const std::string key, net::make_private_key(net::KeyKind::ec_p256));
    TRY(const std::string leaf,
        authority_.issue({key, std::move(names), now - 1h, now + limits::lifetime}, random));
    return net::Identity::from_pem(leaf, certificate_pem(), key);
}

}  // namespace unkai::services::acm
