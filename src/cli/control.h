// Talking to the running program: over its control socket, by its control token.
//
//     Control control(installation);
//     TRY(const Json answer, control.ask("status", Json::object()));
//     TRY(const Json made, control.call("s3", "CreateBucket", {{"Bucket", "photos"}}));   // any
//     AWS operation
//
// Blocking: the command line does one thing at a time. Errors are the program's own, or NotRunning.
#pragma once

#include "cli/installation.h"
#include "rt/loop.h"
#include "wire/json.h"

namespace unkai::cli {

class Control {
public:
    explicit Control(const Installation& installation) : installation_(installation) {}

    // A control verb (aws/front_door.h). No answer within `timeout`: ConnectionTimeout.
    Result<wire::Json> ask(std::string_view verb, const wire::Json& body, Duration timeout = 60s);
    // An AWS operation as the root user of the account, in the installation's region; members by
    // their names in the AWS CLI.
    Result<wire::Json> call(std::string_view service, std::string_view operation, wire::Json input);

private:
    const Installation& installation_;
    Loop loop_;
};

}  // namespace unkai::cli
