// The CDK app with which tests/acceptance/test_cdk.py deploys an image that the CDK builds: a Fargate task of the
// folder that IMAGE_FOLDER names.
import * as cdk from 'aws-cdk-lib';
import { aws_ecs as ecs } from 'aws-cdk-lib';

const app = new cdk.App({ analyticsReporting: false });
const stack = new cdk.Stack(app, 'Image', { env: { account: '123456789012', region: 'us-east-1' } });
const definition = new ecs.FargateTaskDefinition(stack, 'Task', { family: 'built', cpu: 256, memoryLimitMiB: 512 });
definition.addContainer('main', { image: ecs.ContainerImage.fromAsset(process.env.IMAGE_FOLDER) });
