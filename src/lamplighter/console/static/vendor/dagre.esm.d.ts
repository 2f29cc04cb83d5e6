// For the type checker (tests/console/frontend): what is vendored is not checked.
declare const dagre: any;
export default dagre;
