// Asking what was deployed, as its users do: over HTTPS with certificates verified against the
// local authority, until it answers as it should.
#pragma once

#include "cli/control.h"
#include "cli/progress.h"

namespace unkai::cli {

// Where the running program lets itself be asked (its status).
struct Entrance {
    std::string authority;   // The CA certificate's file.
    uint16_t port = 4566;    // The API's.
    bool web_ports = false;  // Whether 127.0.0.1:80 and :443 are ours as well.
};
Entrance entrance_of(const wire::Json& status);

// The URL by which a browser on this machine reaches it without any set-up: as it is, or with the
// API's port where 443 belongs to somebody else. URLs of other hosts than *.localhost stay as they
// are.
std::string browser_url(const Entrance& entrance, const std::string& url);

struct Check {
    std::string url;
    int status = 200;  // 0: anything below 500.
};
// Asks until the answer is right or `most` has passed. Error CheckFailed says what came instead.
Status check(Control& control, const Entrance& entrance, const Check& check, Progress& progress,
             Duration most);

}  // namespace unkai::cli
