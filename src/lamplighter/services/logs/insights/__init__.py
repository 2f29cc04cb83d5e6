"""Run queries of CloudWatch Logs Insights in the background, and keep their results for a week."""
