// The parts of the program (part.h), in the order in which they are made and started.
#pragma once

#include "part.h"

namespace unkai {

// A line each: `std::unique_ptr<Part> make_NAME(const Surroundings&);  // services`

std::unique_ptr<Part> make_queues(const Surroundings& around);       // sqs
std::unique_ptr<Part> make_topics(const Surroundings& around);       // sns
std::unique_ptr<Part> make_events(const Surroundings& around);       // events, scheduler
std::unique_ptr<Part> make_metrics(const Surroundings& around);      // cloudwatch, chatbot
std::unique_ptr<Part> make_autoscaling(const Surroundings& around);  // application-autoscaling
std::unique_ptr<Part> make_functions(const Surroundings& around);    // lambda
std::unique_ptr<Part> make_gateways(const Surroundings& around);     // apigateway, apigatewayv2

// All of them; what parts.cc lists is what runs.
std::vector<std::unique_ptr<Part>> make_parts(const Surroundings& around);

}  // namespace unkai
