/** Feature set that graphs carry (the newest release's). */
export const featureSet = '3.20.5';
