// A CDK app that schedules containers; its templates lie beside it.
import * as cdk from 'aws-cdk-lib';
import { aws_cloudwatch as cloudwatch, aws_cloudwatch_actions as actions, aws_ec2 as ec2, aws_ecs as ecs } from 'aws-cdk-lib';
import { aws_ecs_patterns as patterns, aws_events as events, aws_events_targets as eventTargets } from 'aws-cdk-lib';
import { aws_lambda as lambda, aws_logs as logs, aws_scheduler as scheduler, aws_scheduler_targets as targets } from 'aws-cdk-lib';
import { aws_sns as sns, aws_sns_subscriptions as subscriptions, aws_sqs as sqs } from 'aws-cdk-lib';
import { aws_stepfunctions as sfn, aws_stepfunctions_tasks as tasks, custom_resources as custom } from 'aws-cdk-lib';

const env = { account: '123456789012', region: 'us-east-1' };
const app = new cdk.App({
  outdir: process.env.CDK_OUTDIR,
  analyticsReporting: false,
  context: { 'availability-zones:account=123456789012:region=us-east-1': ['us-east-1a', 'us-east-1b'] },
});

const network = (stack) => new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 1,
  natGateways: 0,
  subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
});

const batch = (stack, environment) => {
  const definition = new ecs.FargateTaskDefinition(stack, 'Task', { cpu: 256, memoryLimitMiB: 512 });
  const container = definition.addContainer('main', {
    image: ecs.ContainerImage.fromRegistry('busybox'),
    command: ['sh', '-c', 'echo hello'],
    environment,
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'batch' }),
  });
  return { definition, container };
};

// A rule of EventBridge runs an ECS task: the pattern of the CDK's own library.
{
  const stack = new cdk.Stack(app, 'ScheduledFargate', { env });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: new ec2.Vpc(stack, 'Vpc', { maxAzs: 2 }) });
  new patterns.ScheduledFargateTask(stack, 'Nightly', {
    cluster,
    schedule: events.Schedule.cron({ minute: '0', hour: '2' }),
    scheduledFargateTaskImageOptions: {
      image: ecs.ContainerImage.fromRegistry('busybox'),
      command: ['sh', '-c', 'echo hello'],
      environment: { MODE: 'nightly' },
      memoryLimitMiB: 512,
    },
  });
}

// EventBridge Scheduler starts a state machine, which runs the task, retries it and sends alerts.
{
  const stack = new cdk.Stack(app, 'ScheduledMachine', { env });
  const vpc = network(stack);
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
  const { definition, container } = batch(stack);
  const alerts = new sns.Topic(stack, 'Alerts');
  alerts.addSubscription(new subscriptions.EmailSubscription('ops@example.com'));
  const run = new tasks.EcsRunTask(stack, 'Run', {
    integrationPattern: sfn.IntegrationPattern.RUN_JOB,
    cluster,
    taskDefinition: definition,
    launchTarget: new tasks.EcsFargateLaunchTarget(),
    assignPublicIp: true,
    subnets: { subnetType: ec2.SubnetType.PUBLIC },
    containerOverrides: [{
      containerDefinition: container,
      environment: [{ name: 'DAY', value: sfn.JsonPath.stringAt('$.day') }],
    }],
  });
  run.addRetry({ interval: cdk.Duration.seconds(10), maxAttempts: 2 });
  const alert = new tasks.SnsPublish(stack, 'Alert', { topic: alerts, message: sfn.TaskInput.fromJsonPathAt('$.error') });
  run.addCatch(alert.next(new sfn.Fail(stack, 'Failed')), { resultPath: '$.error' });
  const machine = new sfn.StateMachine(stack, 'Machine', {
    definitionBody: sfn.DefinitionBody.fromChainable(run),
    timeout: cdk.Duration.hours(3),
    tracingEnabled: true,
    logs: { destination: new logs.LogGroup(stack, 'Logs'), level: sfn.LogLevel.ERROR },
  });
  new scheduler.Schedule(stack, 'Schedule', {
    schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '2', timeZone: cdk.TimeZone.ASIA_SEOUL }),
    target: new targets.StepFunctionsStartExecution(machine, {
      input: scheduler.ScheduleTargetInput.fromObject({ day: scheduler.ContextAttribute.scheduledTime }),
    }),
  });
  new cdk.CfnOutput(stack, 'MachineArn', { value: machine.stateMachineArn });
}

// EventBridge Scheduler runs an ECS task directly, from a schedule group, with a dead-letter queue.
{
  const stack = new cdk.Stack(app, 'ScheduledTask', { env });
  const cluster = new ecs.Cluster(stack, 'Cluster', { vpc: network(stack), enableFargateCapacityProviders: true });
  const { definition } = batch(stack, { MODE: 'direct' });
  new scheduler.Schedule(stack, 'Schedule', {
    schedule: scheduler.ScheduleExpression.rate(cdk.Duration.hours(1)),
    scheduleGroup: new scheduler.ScheduleGroup(stack, 'Group'),
    target: new targets.EcsRunFargateTask(cluster, {
      taskDefinition: definition,
      assignPublicIp: true,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      capacityProviderStrategies: [{ capacityProvider: 'FARGATE_SPOT', weight: 1 }],
      tags: [{ key: 'cost', value: 'batch' }],
      deadLetterQueue: new sqs.Queue(stack, 'Dead', { enforceSSL: true }),
      retryAttempts: 3,
      maxEventAge: cdk.Duration.hours(1),
    }),
  });
}

// Other resources of a batch: an alarm, a rule for failures, and resources that a Lambda function creates.
{
  const stack = new cdk.Stack(app, 'Surroundings', { env });
  const topic = new sns.Topic(stack, 'Alerts');
  const machine = new sfn.StateMachine(stack, 'Machine', {
    definitionBody: sfn.DefinitionBody.fromChainable(new sfn.Pass(stack, 'Done')),
  });
  const alarm = new cloudwatch.Alarm(stack, 'Failed', {
    metric: machine.metricFailed({ period: cdk.Duration.minutes(5) }),
    threshold: 1,
    evaluationPeriods: 1,
    treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
  });
  alarm.addAlarmAction(new actions.SnsAction(topic));
  new events.Rule(stack, 'Failures', {
    eventPattern: { source: ['aws.states'], detail: { status: ['FAILED', 'TIMED_OUT'], stateMachineArn: [machine.stateMachineArn] } },
    targets: [new eventTargets.SnsTopic(topic)],
  });
  new logs.LogGroup(stack, 'Logs', { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: cdk.RemovalPolicy.DESTROY });
  const seeder = new lambda.Function(stack, 'Seeder', {
    runtime: lambda.Runtime.NODEJS_LATEST,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => ({ Data: { Seed: "1" } });'),
  });
  const provider = new custom.Provider(stack, 'Provider', { onEventHandler: seeder });
  const seed = new cdk.CustomResource(stack, 'Seed', {
    serviceToken: provider.serviceToken,
    resourceType: 'Custom::Seed',
    properties: { Table: 'jobs' },
  });
  new cdk.CfnOutput(stack, 'SeedValue', { value: seed.getAttString('Seed') });
}

app.synth();
