// The CDK app that tests/acceptance/test_cdk.py deploys with the CDK's own commands: a scheduled Fargate task with a state
// machine whose definition is a file, which the CDK uploads.
import { fileURLToPath } from 'node:url';
import * as cdk from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_ecs as ecs, aws_iam as iam, aws_logs as logs, aws_scheduler as scheduler } from 'aws-cdk-lib';
import { aws_scheduler_targets as targets, aws_sqs as sqs, aws_stepfunctions as sfn } from 'aws-cdk-lib';

const app = new cdk.App({
  analyticsReporting: false,
  context: { 'availability-zones:account=123456789012:region=us-east-1': ['us-east-1a', 'us-east-1b'] },
});
const stack = new cdk.Stack(app, 'Nightly', { env: { account: '123456789012', region: 'us-east-1' } });
const vpc = new ec2.Vpc(stack, 'Vpc', {
  maxAzs: 1,
  natGateways: 0,
  restrictDefaultSecurityGroup: false,
  subnetConfiguration: [{ name: 'Public', subnetType: ec2.SubnetType.PUBLIC }],
});
const cluster = new ecs.Cluster(stack, 'Cluster', { vpc });
const definition = new ecs.FargateTaskDefinition(stack, 'Task', { cpu: 256, memoryLimitMiB: 512 });
definition.addContainer('main', {
  image: ecs.ContainerImage.fromRegistry('busybox'),
  command: ['sh', '-c', `echo ${app.node.tryGetContext('word') ?? 'hello'}`],
  logging: ecs.LogDrivers.awsLogs({
    streamPrefix: 'batch',
    logGroup: new logs.LogGroup(stack, 'Logs', { removalPolicy: cdk.RemovalPolicy.DESTROY }),
  }),
});
const machine = new sfn.StateMachine(stack, 'Machine', {
  definitionBody: sfn.DefinitionBody.fromFile(fileURLToPath(new URL('nightly.asl.json', import.meta.url))),
  definitionSubstitutions: { Cluster: cluster.clusterArn, Task: definition.taskDefinitionArn },
});
machine.addToRolePolicy(new iam.PolicyStatement({
  actions: ['ecs:RunTask', 'ecs:StopTask', 'ecs:DescribeTasks', 'events:PutTargets', 'events:PutRule', 'events:DescribeRule'],
  resources: ['*'],
}));
machine.addToRolePolicy(new iam.PolicyStatement({
  actions: ['iam:PassRole'],
  resources: [definition.taskRole.roleArn, definition.obtainExecutionRole().roleArn],
}));
new scheduler.Schedule(stack, 'Schedule', {
  schedule: scheduler.ScheduleExpression.cron({ minute: '0', hour: '2' }),
  target: new targets.StepFunctionsStartExecution(machine, { deadLetterQueue: new sqs.Queue(stack, 'Dead') }),
});
new cdk.CfnOutput(stack, 'MachineArn', { value: machine.stateMachineArn });
