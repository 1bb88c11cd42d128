// The installation's own certificate authority: two files, made at the first start.
//
//     <folder>/ca.pem   its certificate, for trust stores (0644): the path is printed, containers
//     get it <folder>/ca.key   its private key (0600), which never leaves this folder
//
// What it may sign is limited (net/certificate.h). Losing the files means new ones, and new trust.
#pragma once

#include <string>
#include <vector>

#include "net/certificate.h"
#include "net/tls.h"

namespace unkai::services::acm {

class LocalAuthority {
public:
    // Loads it, or makes it. Blocks for a few file operations: at start only.
    // Error: AuthorityUnreadable, with the file's name; files that do not fit each other are never
    // replaced.
    static Result<LocalAuthority> open(const std::string& folder, Random& random, Time now);

    const net::Authority& authority() const { return authority_; }
    const std::string& certificate_path() const { return path_; }
    const std::string& certificate_pem() const { return authority_.certificate_pem(); }
    // A fresh identity for listeners of our own (the API over HTTPS, consoles): valid for 198 days.
    Result<std::shared_ptr<const net::Identity>> identity_for(std::vector<std::string> names,
                                                              Random& random, Time now) const;

private:
    LocalAuthority(net::Authority authority, std::string path)
        : authority_(std::move(authority)), path_(std::move(path)) {}
    net::Authority authority_;
    std::string path_;
};

}  // namespace unkai::services::acm
