// Function URLs on the API's port: https://<id>.lambda-url.<region>.on.aws, and
// <id>.lambda-url.<region>.localhost for browsers. Also the links to packages that GetFunction and
// GetLayerVersion give.
//
// AuthType NONE asks for a statement that lets everybody invoke the URL, as AWS does; AWS_IAM for a
// signature of Version 4 for the service lambda. 403 {"Message":"Forbidden"} otherwise.
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
#pragma once

#include "aws/credentials.h"
#include "aws/front_door.h"
#include "services/lambda/engine.h"
#include "services/lambda/url_event.h"

namespace unkai::services::lambda {

class UrlHost final : public aws::HostHandler {
public:
    UrlHost(Engine& engine, const aws::Credentials& credentials)
        : engine_(engine), credentials_(credentials) {}

    bool wants(std::string_view host, std::string_view path) const override;
    unkai::Task<void> handle(net::Exchange& exchange) override;

private:
    struct Owner {
        UrlOwner owner;
        StoredUrl url;
    };
    std::optional<Owner> find(std::string_view host) const;
    unkai::Task<void> invoke(net::Exchange& exchange, Owner found, std::string host);
    unkai::Task<void> download(net::Exchange& exchange);
    Result<aws::Principal> caller(net::Exchange& exchange, const std::string& body,
                                  bool needs_signature) const;

    Engine& engine_;
    const aws::Credentials& credentials_;
};

}  // namespace unkai::services::lambda
