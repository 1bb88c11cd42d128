// The program: everything that runs, built by hand in the order in which it depends on each other
// and destroyed in reverse. Read the members from top to bottom: that is what Unkai is made of.
//
// program.cc starts and stops it; program_controls.cc answers the command line.
#pragma once

#include "aws/client.h"
#include "aws/credentials.h"
#include "aws/dispatcher.h"
#include "aws/front_door.h"
#include "balancer_hosts.h"
#include "balancers.h"
#include "cli/cli.h"
#include "content_delivery.h"
#include "data_loops.h"
#include "databases.h"
#include "fargate.h"
#include "local_certificates.h"
#include "net/server.h"
#include "part.h"
#include "planes/dns/names.h"
#include "planes/dns/resolver.h"
#include "planes/dns/server.h"
#include "planes/network/kernel_network.h"
#include "rt/env.h"
#include "services/acm/acm.h"
#include "services/acm/certificates.h"
#include "services/acm/local_authority.h"
#include "services/acm/validator.h"
#include "services/cloudformation/cloudformation.h"
#include "services/ec2/ec2.h"
#include "services/ec2/publisher.h"
#include "services/ecr/ecr.h"
#include "services/ecr/registry.h"
#include "services/iam/iam.h"
#include "services/logs/logs.h"
#include "services/logs/sweeper.h"
#include "services/route53/health_monitor.h"
#include "services/route53/publisher.h"
#include "services/route53/route53.h"
#include "services/s3/s3.h"
#include "services/secretsmanager/secretsmanager.h"
#include "services/ssm/ssm.h"
#include "services/sts/sts.h"
#include "store/blob/blobs.h"
#include "store/store.h"
#include "tenant_networks.h"
#include "vpc_endpoints.h"

namespace unkai {

inline constexpr const char* program_version = "0.1.0";

class Program {
public:
    Program(cli::StartOptions options, cli::Installation installation,
            std::unique_ptr<store::Engine> engine, services::acm::LocalAuthority authority);

    // Until a signal ends it.
    Task<Status> run();

private:
    Surroundings surroundings();
    void add_first_services();
    void add_services();
    Task<Status> begin();
    Task<Status> bring_up();
    Task<Status> start_network();
    Status listen();
    Status listen_publicly();
    Status listen_for_browsers();
    Task<void> stop();
    Task<void> wait_for_signal();

    // program_controls.cc
    void add_controls();
    wire::Json status() const;
    Task<Result<std::string>> control_call(std::string body);
    Task<Result<std::string>> control_reset(std::string body);
    Task<Result<std::string>> control_purge(std::string body);
    Task<Result<std::string>> control_why(std::string body);
    Task<Result<std::string>> control_resolve(std::string body);

    cli::StartOptions options_;
    cli::Installation installation_;
    Loop& loop_ = *Loop::current();
    std::unique_ptr<Random> random_ = system_random();
    Workers workers_{4};
    Env env_{loop_, *random_, workers_};
    DataLoops data_loops_;

    // State and the way to it.
    store::Store store_;
    store::Blobs object_bodies_{env_, installation_.data_dir + "/objects"};
    aws::Credentials credentials_{env_,
                                  store_,
                                  {installation_.account, installation_.access_key_id,
                                   installation_.secret_access_key, options_.accept_test_keys}};
    aws::Dispatcher dispatcher_{env_, store_};
    aws::Client client_{dispatcher_};

    // Planes.
    planes::network::KernelNetwork network_;
    TenantNetworks tenants_{env_, network_};
    planes::dns::Resolver resolver_{loop_, {}};
    VpcEndpoints vpc_endpoints_{tenants_, resolver_};
    planes::dns::NameSource own_names_{"unkai"};  // The API's own endpoints, inside of VPCs.
    std::unique_ptr<planes::dns::Server> dns_;

    // Services.
    services::acm::LocalAuthority authority_;
    services::iam::Iam iam_{credentials_};
    services::sts::Sts sts_{credentials_, client_};
    services::s3::S3 s3_{env_, store_, object_bodies_};
    services::logs::Logs logs_;
    services::logs::Sweeper logs_sweeper_{env_, store_};
    services::ssm::Ssm ssm_;
    services::secretsmanager::SecretsManager secretsmanager_;
    services::acm::Certificates certificates_{store_};
    services::acm::Acm acm_{certificates_};
    services::acm::Validator validator_{env_, store_, client_, authority_};
    services::ec2::Ec2 ec2_{network_.settings()};
    services::ec2::Publisher ec2_publisher_{env_, store_, vpc_endpoints_};
    services::ecr::Ecr ecr_;
    services::ecr::Registry registry_{env_, store_, ecr_, client_};
    std::unique_ptr<Fargate> fargate_;
    Balancers balancers_{env_, store_, client_, certificates_, network_, data_loops_.all()};
    Databases databases_{env_,
                         store_,
                         client_,
                         network_,
                         &authority_.authority(),
                         installation_.data_dir + "/mysql"};
    services::cloudformation::ClientApi stack_api_{dispatcher_, client_};
    services::cloudformation::Engine stack_engine_{env_, store_, stack_api_};
    services::cloudformation::CloudFormation cloudformation_{stack_engine_, stack_api_};
    std::unique_ptr<ContentDelivery> content_delivery_;
    std::vector<std::unique_ptr<Part>> parts_;  // Their names are read by what follows.
    std::unique_ptr<services::route53::Publisher> route53_publisher_;
    std::unique_ptr<services::route53::NetworkProber> health_prober_;
    std::unique_ptr<services::route53::HealthMonitor> health_monitor_;
    std::unique_ptr<services::route53::Route53> route53_;

    // The way in.
    aws::FrontDoor front_door_;
    std::shared_ptr<LocalCertificates> own_certificates_ =
        std::make_shared<LocalCertificates>(authority_);
    std::unique_ptr<BalancerHosts> balancer_hosts_;
    std::unique_ptr<net::Server> api_server_;
    net::Server control_server_{loop_, front_door_, {}};
    std::vector<uint16_t> web_ports_;  // Of 80 and 443 on loopback, those that are ours.
    bool network_works_ = false;
    Stop stop_;
    Scope background_;
};

}  // namespace unkai
