// The two sides of the migration in CDK. Prepare ../api/build first (README.md); then
//     npm ci && npx cdk bootstrap && npx cdk deploy --all --require-approval never
// against Unkai with what `unkai env` prints (AWS_ENDPOINT_URL), or against AWS.
import { App, CfnOutput, Duration, Fn, RemovalPolicy, Stack, StackProps } from 'aws-cdk-lib';
import * as acm from 'aws-cdk-lib/aws-certificatemanager';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import * as cloudwatch from 'aws-cdk-lib/aws-cloudwatch';
import * as actions from 'aws-cdk-lib/aws-cloudwatch-actions';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import * as ecr from 'aws-cdk-lib/aws-ecr';
import * as ecs from 'aws-cdk-lib/aws-ecs';
import * as elbv2 from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import * as logs from 'aws-cdk-lib/aws-logs';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import * as sns from 'aws-cdk-lib/aws-sns';
import * as path from 'path';

const application = path.join(__dirname, '..', '..', 'api');

class Base extends Stack {
  readonly zone: route53.HostedZone;
  readonly certificate: acm.Certificate;
  readonly alarms: sns.Topic;
  readonly repository: ecr.Repository;

  constructor(scope: App, id: string, readonly apiName: string, domain: string) {
    super(scope, id);
    this.zone = new route53.HostedZone(this, 'Zone', { zoneName: domain });
    this.certificate = new acm.Certificate(this, 'Certificate', {
      domainName: apiName,
      validation: acm.CertificateValidation.fromDns(this.zone),
    });
    this.alarms = new sns.Topic(this, 'Alarms');
    this.repository = new ecr.Repository(this, 'Repository', {
      repositoryName: 'migration-cdk', removalPolicy: RemovalPolicy.DESTROY,
    });
    this.repository.node.defaultChild && ((this.repository.node.defaultChild as ecr.CfnRepository).emptyOnDelete = true);
    new CfnOutput(this, 'RepositoryUri', { value: this.repository.repositoryUri });
  }
}

interface SideProps extends StackProps {
  base: Base;
}

class LambdaSide extends Stack {
  constructor(scope: App, id: string, { base, ...props }: SideProps) {
    super(scope, id, props);
    const runtime = lambda.Runtime.PYTHON_3_11;
    const layer = new lambda.LayerVersion(this, 'Dependencies', {
      code: lambda.Code.fromAsset(path.join(application, 'build', 'layer')),
      compatibleRuntimes: [runtime],
    });
    const handler = new lambda.Function(this, 'Function', {
      runtime,
      handler: 'lambda_handler.handler',
      code: lambda.Code.fromAsset(path.join(application, 'build', 'code')),
      layers: [layer],
      memorySize: 256,
      timeout: Duration.seconds(10),
      logGroup: new logs.LogGroup(this, 'Logs', { removalPolicy: RemovalPolicy.DESTROY }),
    });
    const api = new apigateway.LambdaRestApi(this, 'Api', {
      handler,
      binaryMediaTypes: ['*/*'],
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      deployOptions: { stageName: 'live' },
      cloudWatchRole: false,
      domainName: {
        domainName: base.apiName,
        certificate: base.certificate,
        endpointType: apigateway.EndpointType.REGIONAL,
      },
    });
    new route53.ARecord(this, 'Record', {
      zone: base.zone,
      recordName: base.apiName,
      target: route53.RecordTarget.fromAlias(new targets.ApiGateway(api)),
      weight: 100,
      setIdentifier: 'lambda',
    });
    const failing = api.metricServerError({ period: Duration.minutes(1) }).createAlarm(this, 'ServerErrors', {
      threshold: 1, evaluationPeriods: 1, treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
    });
    failing.addAlarmAction(new actions.SnsAction(base.alarms));
    new CfnOutput(this, 'Url', { value: api.url });
  }
}

class FargateSide extends Stack {
  constructor(scope: App, id: string, { base, ...props }: SideProps) {
    super(scope, id, props);
    const imageTag: string = this.node.tryGetContext('imageTag');
    const vpc = new ec2.Vpc(this, 'Vpc', {
      maxAzs: 2, natGateways: 1, restrictDefaultSecurityGroup: false,
    });
    const cluster = new ecs.Cluster(this, 'Cluster', { vpc });
    const definition = new ecs.FargateTaskDefinition(this, 'Task', { cpu: 512, memoryLimitMiB: 1024 });
    definition.addContainer('api', {
      image: ecs.ContainerImage.fromEcrRepository(base.repository, imageTag || 'latest'),
      portMappings: [{ containerPort: 8080 }],
      logging: ecs.LogDrivers.awsLogs({
        streamPrefix: 'api',
        logGroup: new logs.LogGroup(this, 'Logs', { removalPolicy: RemovalPolicy.DESTROY }),
      }),
    });
    const service = new ecs.FargateService(this, 'Service', {
      cluster, taskDefinition: definition, desiredCount: imageTag ? 2 : 0, minHealthyPercent: 100,
    });
    const balancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', { vpc, internetFacing: true });
    balancer.addListener('Https', { port: 443, certificates: [base.certificate] }).addTargets('Api', {
      port: 8080,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targets: [service],
      healthCheck: { path: '/health', interval: Duration.seconds(5), timeout: Duration.seconds(2), healthyThresholdCount: 2 },
      deregistrationDelay: Duration.seconds(20),
    });
    service.autoScaleTaskCount({ minCapacity: imageTag ? 2 : 0, maxCapacity: 6 })
      .scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: 70 });
    new route53.ARecord(this, 'Record', {
      zone: base.zone,
      recordName: base.apiName,
      target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(balancer)),
      weight: 0,
      setIdentifier: 'fargate',
    });
    new CfnOutput(this, 'LoadBalancerUrl', { value: Fn.join('', ['https://', balancer.loadBalancerDnsName]) });
  }
}

const app = new App();
const domain: string = app.node.tryGetContext('domain');
const base = new Base(app, 'migration-cdk-base', `api.${domain}`, domain);
new LambdaSide(app, 'migration-cdk-lambda', { base });
new FargateSide(app, 'migration-cdk-fargate', { base });
