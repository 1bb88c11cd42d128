// What the command line asks of the running program (aws/front_door.h, controls).
#include <unistd.h>

#include <filesystem>

#include "aws/protocol/json_shape.h"
#include "program.h"
#include "services/ec2/why.h"
#include "wire/json.h"

namespace unkai {

using wire::Json;

static Task<Result<std::string>> answer(std::string text) { co_return text; }

void Program::add_controls() {
    front_door_.add_control("status", [this](std::string) { return answer(status().dump()); });
    front_door_.add_control("call",
                            [this](std::string body) { return control_call(std::move(body)); });
    front_door_.add_control("reset",
                            [this](std::string body) { return control_reset(std::move(body)); });
    front_door_.add_control("purge",
                            [this](std::string body) { return control_purge(std::move(body)); });
    front_door_.add_control("resolve",
                            [this](std::string body) { return control_resolve(std::move(body)); });
    front_door_.add_control("why",
                            [this](std::string body) { return control_why(std::move(body)); });
}

Json Program::status() const {
    Json services = Json::array();
    for (const auto& [name, service] : dispatcher_.services()) services.push(std::string(name));
    Json findings = Json::array();
    if (network_works_)
        for (const planes::containers::Finding& one : fargate_->plane().findings())
            findings.push(one.problem + " " + one.fix);
    for (const auto& part : parts_)
        for (std::string& finding : part->findings()) findings.push(std::move(finding));
    Json web_ports = Json::array();
    for (const uint16_t port : web_ports_) web_ports.push(port);
    return Json::object({{"version", program_version},
                         {"pid", static_cast<int64_t>(::getpid())},
                         {"endpoint", "http://localhost:" + std::to_string(options_.port)},
                         {"port", static_cast<int64_t>(options_.port)},
                         {"account", installation_.account},
                         {"region", installation_.region},
                         {"dataDir", installation_.data_dir},
                         {"runDir", installation_.run_dir()},
                         {"authority", authority_.certificate_path()},
                         {"apiAddress", network_.settings().api_address().text()},
                         {"edgeAddress", network_.settings().edge_address().text()},
                         {"dnsAddress", network_.settings().dns_address().text()},
                         {"webPorts", std::move(web_ports)},
                         {"network", network_works_},
                         {"findings", std::move(findings)},
                         {"services", std::move(services)}});
}

// Any AWS operation, as the root user: {"service", "operation", "input", "region"?, "account"?}.
Task<Result<std::string>> Program::control_call(std::string body) {
    CO_TRY(const Json json, Json::parse(body));
    const std::string service_name = json["service"].string_or("");
    const std::string operation_name = json["operation"].string_or("");
    const BoundService* service = dispatcher_.find(service_name);
    const OperationInfo* operation =
        service != nullptr ? service->info->find(operation_name) : nullptr;
    if (operation == nullptr)
        co_return fail("NotImplemented",
                       "Unkai does not have " + service_name + ":" + operation_name + ".", 501);
    const std::unique_ptr<void, void (*)(void*)> input(operation->input->create(),
                                                       operation->input->destroy);
    const std::unique_ptr<void, void (*)(void*)> output(operation->output->create(),
                                                        operation->output->destroy);
    const Json& given = json["input"];
    CO_REQUIRE(aws::protocol::shape_from_json(*operation->input, input.get(),
                                              given.is_null() ? std::string("{}") : given.dump()));
    const std::string account = json["account"].string_or(installation_.account);
    CO_TRY(auto root, credentials_.find(installation_.access_key_id, "", env_.now()));
    CO_REQUIRE(co_await client_.run(
        {root.principal, account, json["region"].string_or(installation_.region)}, service_name,
        operation_name, input.get(), output.get()));
    co_return aws::protocol::shape_to_json(*operation->output, output.get());
}

// Everything is gone as on the first day; the installation's keys stay.
Task<Result<std::string>> Program::control_reset(std::string) {
    for (const auto& part : parts_) co_await part->reset();
    co_await fargate_->stop_all_tasks();
    CO_REQUIRE(co_await store_.clear());
    CO_REQUIRE(co_await object_bodies_.erase_all());
    co_return std::string("{}");
}

// What is left in the kernel goes; the caller ends the program and erases the data.
Task<Result<std::string>> Program::control_purge(std::string) {
    co_await stack_engine_.stop();
    for (auto part = parts_.rbegin(); part != parts_.rend(); ++part) {
        co_await (*part)->stop();
        CO_REQUIRE(co_await (*part)->purge());
    }
    co_await fargate_->stop();
    CO_REQUIRE(co_await fargate_->purge());
    co_await databases_.purge();
    co_await ec2_publisher_.stop();
    co_await tenants_.stop();
    co_await vpc_endpoints_.stop();
    CO_REQUIRE(co_await network_.purge());
    co_return std::string("{}");
}

// What our DNS answers outside of VPCs: {"name"} → {"addresses"}.
Task<Result<std::string>> Program::control_resolve(std::string body) {
    CO_TRY(const Json json, Json::parse(body));
    Json addresses = Json::array();
    for (const std::string& address :
         content_delivery_->origin_names().resolve(json["name"].string_or("")))
        addresses.push(address);
    co_return Json::object({{"addresses", std::move(addresses)}}).dump();
}

Task<Result<std::string>> Program::control_why(std::string body) {
    CO_TRY(const Json json, Json::parse(body));
    store::Txn txn = store_.begin();
    CO_TRY(const services::ec2::WhyAnswer why,
           services::ec2::why(txn, network_,
                              {json["account"].string_or(installation_.account),
                               json["region"].string_or(installation_.region),
                               json["source"].string_or(""), json["destination"].string_or("")}));
    Json steps = Json::array();
    for (const auto& step : why.explanation.steps)
        steps.push(Json::object({{"component", step.component},
                                 {"id", step.id},
                                 {"rule", step.rule},
                                 {"passes", step.passes},
                                 {"text", step.text}}));
    co_return Json::object({{"source", why.source},
                            {"destination", why.destination},
                            {"passes", why.explanation.passes},
                            {"steps", std::move(steps)}})
        .dump();
}

}  // namespace unkai
